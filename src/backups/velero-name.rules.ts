import { createHash } from 'node:crypto';

const MAX_LABEL = 63;

/**
 * A name as Velero writes it into a label: over 63 characters it is cut to 57 plus the first 6 hex digits of its SHA-256.
 * @see velero, pkg/label/label.go, GetValidName
 */
export function veleroLabelValue(name: string): string {
  if (name.length <= MAX_LABEL) return name;
  return name.slice(0, MAX_LABEL - 6) + createHash('sha256').update(name).digest('hex').slice(0, 6);
}
