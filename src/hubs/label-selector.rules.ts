import { HubInputInvalidError } from './hubs.errors.js';

export type Labels = Readonly<Record<string, string>>;

type Operator = 'in' | 'notin' | 'exists' | '!' | '>' | '<';

/** One condition; all of a selector must hold. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** Sorted, each once; one integer for > and < */
  readonly values: readonly string[];
}

/** A LabelSelector as Kubernetes objects hold it. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; readonly values?: readonly string[] }[];
}

interface Token {
  readonly kind: 'word' | 'sign' | 'end';
  readonly text: string;
}

const MAX_LENGTH = 1_000;
const MAX_INT64 = 9_223_372_036_854_775_807n;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const INTEGER = /^\d{1,19}$/;

const refuse = (why: string): never => {
  throw new HubInputInvalidError(`The label selector is not understood: ${why}`, 'tokenExclusions');
};
const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));

function checkedKey(key: string): string {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length > 1 ? parts[0] : undefined;
  if (parts.length > 2 || name.length > 63 || !NAME.test(name)) return refuse(`${quoted(key)} is no label key`);
  if (prefix !== undefined && (prefix.length > 253 || !SUBDOMAIN.test(prefix))) return refuse(`${quoted(key)} has no DNS subdomain before the slash`);
  return key;
}

function checkedValue(value: string): string {
  return value === '' || (value.length <= 63 && NAME.test(value)) ? value : refuse(`${quoted(value)} is no label value`);
}

const isInt64 = (text: string): boolean => INTEGER.test(text) && BigInt(text) <= MAX_INT64;

/** Checked as Kubernetes' NewRequirement does. @throws HubInputInvalidError */
function requirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  checkedKey(key);
  const different = [...new Set(values.map(checkedValue))].sort();
  const takesSet = operator === 'in' || operator === 'notin';
  if (takesSet && different.length === 0) refuse(`${operator} needs at least one value`);
  if ((operator === 'exists' || operator === '!') && different.length > 0) refuse(`whether ${quoted(key)} is there takes no value`);
  if ((operator === '>' || operator === '<') && !isInt64(different[0] ?? '')) refuse(`${operator} needs an integer`);
  return { key, operator, values: different };
}

function tokensOf(text: string): Token[] {
  const tokens = [...text.matchAll(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g)].map(([found]): Token => ({ kind: /^[=!(),<>]/.test(found) ? 'sign' : 'word', text: found }));
  return [...tokens, { kind: 'end', text: '' }];
}

/** Reads from left to right; what comes next is `peek`. */
class Reader {
  private readonly tokens: Token[];
  private position = 0;

  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  get peek(): Token {
    return this.tokens[this.position] ?? { kind: 'end', text: '' };
  }

  next(): Token {
    const token = this.peek;
    this.position += 1;
    return token;
  }

  isSign(text: string): boolean {
    return this.peek.kind === 'sign' && this.peek.text === text;
  }

  /** A word, or the empty one before a comma and at the end: `env=` asks for the empty value. */
  value(): string {
    if (this.peek.kind === 'end' || this.isSign(',')) return '';
    return this.word('a value');
  }

  word(expected: string): string {
    const token = this.next();
    return token.kind === 'word' ? token.text : refuse(`${expected} is expected, not ${token.kind === 'end' ? 'the end' : quoted(token.text)}`);
  }

  sign(text: string): void {
    const token = this.next();
    if (token.kind !== 'sign' || token.text !== text) refuse(`${quoted(text)} is expected, not ${token.kind === 'end' ? 'the end' : quoted(token.text)}`);
  }

  /**
   * `(a,b)`. Where nothing stands at either end or between two commas is the empty value, which is all that `()` holds.
   * @see labels.Parse, parseIdentifiersList: with its oddity that two commas are followed by a word
   */
  values(): string[] {
    this.sign('(');
    const values: string[] = this.isSign(')') ? [''] : [];
    while (!this.isSign(')')) {
      if (this.peek.kind === 'word') {
        values.push(this.next().text);
        if (!this.isSign(',') && !this.isSign(')')) this.sign(',');
        continue;
      }
      this.sign(',');
      if (values.length === 0) values.push('');
      if (this.isSign(')')) values.push('');
      else if (this.isSign(',')) {
        this.next();
        values.push('');
        if (this.isSign(')')) this.word('a value');
      }
    }
    this.next();
    return values;
  }
}

function nextRequirement(reader: Reader): Requirement {
  if (reader.isSign('!')) {
    reader.next();
    return requirement(reader.word('a label key'), '!', []);
  }
  const key = reader.word('a label key');
  if (reader.peek.kind === 'end' || reader.isSign(',')) return requirement(key, 'exists', []);
  const { text, kind } = reader.next();
  if (kind === 'word' && (text === 'in' || text === 'notin')) return requirement(key, text, reader.values());
  switch (kind === 'sign' ? text : '') {
    case '=':
    case '==':
      return requirement(key, 'in', [reader.value()]);
    case '!=':
      return requirement(key, 'notin', [reader.value()]);
    case '>':
    case '<':
      return requirement(key, text as '>' | '<', [reader.value()]);
    default:
      return refuse(`after ${quoted(key)} one of = == != in notin < > is expected, not ${quoted(text)}`);
  }
}

const byKey = (a: Requirement, b: Requirement): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/**
 * A selector in Kubernetes' words: `env in (dev,test),!keep`. One without conditions would select everything; that is none here.
 * @throws HubInputInvalidError
 * @see k8s.io/apimachinery/pkg/labels, Parse
 */
export function parseSelector(text: string): Requirement[] {
  if (text.length > MAX_LENGTH) refuse(`it is longer than ${MAX_LENGTH} characters`);
  const reader = new Reader(text);
  const found: Requirement[] = [];
  if (reader.peek.kind === 'end') refuse('it is empty, and would select every cluster');
  for (;;) {
    found.push(nextRequirement(reader));
    if (reader.peek.kind === 'end') return found.sort(byKey);
    reader.sign(',');
  }
}

const WORDS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const;

/** The same from `matchLabels` and `matchExpressions`. @throws HubInputInvalidError @see metav1.LabelSelectorAsSelector */
export function selectorOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Requirement[] {
  const found = [
    ...Object.entries(matchLabels).map(([key, value]) => requirement(key, 'in', [value])),
    ...matchExpressions.map(({ key, operator, values = [] }) => requirement(key, WORDS[operator], values)),
  ];
  if (found.length === 0) refuse('it is empty, and would select every cluster');
  return found.sort(byKey);
}

/** One spelling for one selector. */
export function formatSelector(requirements: readonly Requirement[]): string {
  return requirements.map(({ key, operator, values }) => {
    const [only = ''] = values;
    switch (operator) {
      case 'exists':
        return key;
      case '!':
        return `!${key}`;
      case '>':
      case '<':
        return `${key}${operator}${only}`;
      case 'in':
      case 'notin':
        return values.length === 1 ? `${key}${operator === 'in' ? '=' : '!='}${only}` : `${key} ${operator} (${values.join(',')})`;
    }
  }).join(',');
}

/** As the API server selects: a label that is absent is not in any set, so `!=` and `notin` hold for it. */
export const selects = (requirements: readonly Requirement[], labels: Labels): boolean => requirements.every((one) => holds(one, labels));

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
    case '<': {
      const [limit = ''] = values;
      if (value === undefined || !isInt64(value)) return false;
      return operator === '>' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
    }
  }
}

/** The first of the selectors that takes the labels in; null: none does. Texts as `formatSelector` writes them. */
export function firstSelecting(selectors: readonly string[], labels: Labels): string | null {
  return selectors.find((text) => selects(parsed(text), labels)) ?? null;
}

const PARSED = new Map<string, readonly Requirement[]>();
const MAX_PARSED = 1_000;

/** Asked for thousands of clusters in a row. */
function parsed(text: string): readonly Requirement[] {
  const known = PARSED.get(text);
  if (known !== undefined) return known;
  if (PARSED.size >= MAX_PARSED) PARSED.clear();
  const fresh = parseSelector(text);
  PARSED.set(text, fresh);
  return fresh;
}
