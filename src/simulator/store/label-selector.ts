import { badRequest } from './api-status.js';

export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'missing' | 'gt' | 'lt';
  readonly values: readonly string[];
}

const NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function key(text: string): string {
  if (!NAME.test(text)) throw badRequest(`unable to parse requirement: invalid label key "${text}"`);
  return text;
}

function value(text: string, of: string): string {
  if (!VALUE.test(text)) throw badRequest(`unable to parse requirement: values[0][${of}]: Invalid value: "${text}": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`);
  return text;
}

/** Splits at commas that are not inside parentheses. */
function requirementsOf(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim());
}

function requirement(text: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set) {
    const [, name = '', operator = 'in', values = ''] = set;
    return { key: key(name), operator: operator as 'in' | 'notin', values: values.split(',').map((v) => value(v.trim(), name)) };
  }
  const compared = /^([^\s!=<>]+)\s*(==|!=|=|>|<)\s*(\S*)$/.exec(text);
  if (compared) {
    const [, name = '', operator = '=', wanted = ''] = compared;
    const kinds = { '=': 'in', '==': 'in', '!=': 'notin', '>': 'gt', '<': 'lt' } as const;
    return { key: key(name), operator: kinds[operator as keyof typeof kinds], values: [value(wanted, name)] };
  }
  if (text.startsWith('!')) return { key: key(text.slice(1).trim()), operator: 'missing', values: [] };
  return { key: key(text), operator: 'exists', values: [] };
}

function holds({ key: name, operator, values }: Requirement, labels: Labels): boolean {
  const present = Object.hasOwn(labels, name);
  const actual = present ? (labels[name] ?? '') : '';
  switch (operator) {
    case 'in':
      return present && values.includes(actual);
    case 'notin':
      return !present || !values.includes(actual);
    case 'exists':
      return present;
    case 'missing':
      return !present;
    case 'gt':
      return present && Number(actual) > Number(values[0]);
    case 'lt':
      return present && Number(actual) < Number(values[0]);
  }
}

/** A label selector in the words of the API: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export class LabelSelector {
  private constructor(readonly requirements: readonly Requirement[]) {}

  /** @throws ApiStatusError 400 where it cannot be parsed */
  static parse(text: string | null | undefined): LabelSelector | null {
    if (!text?.trim()) return null;
    return new LabelSelector(requirementsOf(text).map(requirement));
  }

  matches(labels: Labels): boolean {
    return this.requirements.every((wanted) => holds(wanted, labels));
  }

  /** A key that every match carries, null where there is none: lets an index answer. */
  get requiredKey(): string | null {
    return this.requirements.find(({ operator }) => operator === 'in' || operator === 'exists')?.key ?? null;
  }
}
