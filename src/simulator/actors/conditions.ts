import type { KubeObject } from '../../kube/kube.types.js';
import { isRecord, list, rfc3339, statusOf, text, type Json } from './json.js';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const conditionsOf = (object: KubeObject | undefined): Json[] => list(statusOf(object)['conditions']).filter(isRecord);

export const conditionOf = (object: KubeObject | undefined, type: string): Json | undefined => conditionsOf(object).find((condition) => condition['type'] === type);

export const isTrue = (object: KubeObject | undefined, type: string): boolean => conditionOf(object, type)?.['status'] === 'True';

/**
 * The conditions with `wanted` in them. lastTransitionTime moves only where the status does.
 * @returns null where all are there already
 * @see apimachinery, meta.SetStatusCondition
 */
export function withConditions(present: readonly Json[], wanted: readonly Condition[], now: Date): Json[] | null {
  let changed = false;
  const result = [...present];
  for (const condition of wanted) {
    const index = result.findIndex((other) => other['type'] === condition.type);
    const old = index >= 0 ? result[index] : undefined;
    if (old?.['status'] === condition.status && old['reason'] === condition.reason && old['message'] === condition.message) continue;
    changed = true;
    const lastTransitionTime = old?.['status'] === condition.status ? (text(old['lastTransitionTime']) ?? rfc3339(now)) : rfc3339(now);
    const next: Json = { ...condition, lastTransitionTime };
    if (index >= 0) result[index] = next;
    else result.push(next);
  }
  return changed ? result : null;
}
