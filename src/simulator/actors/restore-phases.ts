import type { KubeObject } from '../../kube/kube.types.js';
import { statusOf } from './json.js';

const OVER: readonly unknown[] = ['Finished', 'FinishedWithErrors'];

/** A Restore that is never looked at again. */
export const isRestoreOver = (restore: KubeObject): boolean => OVER.includes(statusOf(restore)['phase']);
