import type { AdmissionRequest } from '../store/admission.js';

/** Which writes an admission hook is about; what is not given matches everything. */
export interface WriteMatcher {
  readonly operation?: AdmissionRequest['operation'];
  readonly group?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: string;
}

export function matchesWrite(match: WriteMatcher, { operation, kind, namespace, name, user }: AdmissionRequest): boolean {
  const actual: Required<WriteMatcher> = { operation, group: kind.group, resource: kind.plural, namespace, name, user };
  return (Object.keys(match) as (keyof WriteMatcher)[]).every((key) => match[key] === undefined || match[key] === actual[key]);
}
