import type { KubeObject } from '../../kube/kube.types.js';
import type { ApiStatusError } from './api-status.js';
import type { Kind } from './kinds.js';

/** What an admission webhook is shown. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** null on DELETE */
  readonly object: KubeObject | null;
  /** null on CREATE */
  readonly oldObject: KubeObject | null;
  readonly subresource: string | null;
  readonly user: string;
  readonly dryRun: boolean;
}

/** A webhook: returns why not, or null. A string is a 403 in the words of kube-apiserver; an ApiStatusError is thrown as it is. */
export interface AdmissionHook {
  readonly name: string;
  review(request: AdmissionRequest): string | ApiStatusError | null;
}
