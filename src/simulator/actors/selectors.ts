/** Label selectors in the form of objects, as Velero's resources carry them. */
import { createHash } from 'node:crypto';
import { list, record, text } from './json.js';

type Labels = Readonly<Record<string, string>> | undefined;

/** An absent selector matches everything. An unknown operator matches nothing. */
export function matchesSelector(selector: unknown, labels: Labels): boolean {
  const { matchLabels, matchExpressions } = record(selector);
  const has = (key: string): boolean => labels !== undefined && Object.hasOwn(labels, key);
  if (!Object.entries(record(matchLabels)).every(([key, value]) => has(key) && labels?.[key] === value)) return false;
  return list(matchExpressions).every((expression) => {
    const { key, operator, values } = record(expression);
    const name = text(key) ?? '';
    const among = has(name) && list(values).includes(labels?.[name]);
    switch (operator) {
      case 'In':
        return among;
      case 'NotIn':
        return !among;
      case 'Exists':
        return has(name);
      case 'DoesNotExist':
        return !has(name);
      default:
        return false;
    }
  });
}

/** `labelSelector` and `orLabelSelectors` of a Velero Backup or Restore. */
export function matchesVeleroSelectors(spec: unknown, labels: Labels): boolean {
  const { labelSelector, orLabelSelectors } = record(spec);
  const alternatives = list(orLabelSelectors);
  return matchesSelector(labelSelector, labels) && (alternatives.length === 0 || alternatives.some((selector) => matchesSelector(selector, labels)));
}

/**
 * A label value as Velero writes it: over 63 characters, the first 57 and six hex digits of the SHA-256 of the whole.
 * @see velero, pkg/label GetValidName
 */
export function veleroLabelValue(name: string): string {
  return name.length <= 63 ? name : name.slice(0, 57) + createHash('sha256').update(name).digest('hex').slice(0, 6);
}
