import { badRequest } from './api-status.js';

export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'missing' | 'gt' | 'lt';
  readonly values: readonly string[];
}

const NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const VALUE_MESSAGE =
  'a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyValue\',  or \'my_value\',  or \'12345\', regex used for validation is \'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\')';
const KEY_MESSAGE =
  'name part must consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyName\',  or \'my.name\',  or \'123-abc\', regex used for validation is \'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\')';

const OPERATORS = { '=': 'in', '==': 'in', '!=': 'notin', in: 'in', notin: 'notin', '>': 'gt', '<': 'lt' } as const;
const isOperator = (token: string): token is keyof typeof OPERATORS => Object.hasOwn(OPERATORS, token);
const isIdentifier = (token: string): boolean => token !== '' && !/^[(),!=<>]/.test(token);
const cannot = (why: string): Error => badRequest(`unable to parse requirement: ${why}`);

/** Reads a selector word by word, with the complaints of k8s.io/apimachinery, pkg/labels/selector.go. */
class SelectorParser {
  private readonly tokens: string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = text.match(/==|!=|[(),!=<>]|[^\s(),!=<>]+/g) ?? [];
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    while (this.at < this.tokens.length) {
      const first = this.peek();
      if (first !== '!' && !isIdentifier(first)) throw badRequest(`found '${first}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.requirement());
      const next = this.take();
      if (next === '') break;
      if (next !== ',') throw badRequest(`found '${next}', expected: ',' or 'end of string'`);
      const after = this.peek();
      if (after !== '!' && !isIdentifier(after)) throw badRequest(`found '${after}', expected: identifier after ','`);
    }
    return requirements;
  }

  private requirement(): Requirement {
    const missing = this.peek() === '!';
    if (missing) this.take();
    const name = this.take();
    if (!isIdentifier(name)) throw cannot(`found '${name}', expected: identifier`);
    if (!NAME.test(name)) throw cannot(`key: Invalid value: ${JSON.stringify(name)}: ${KEY_MESSAGE}`);
    if (missing) return { key: name, operator: 'missing', values: [] };
    if (this.peek() === '' || this.peek() === ',') return { key: name, operator: 'exists', values: [] };
    const operator = this.take();
    if (!isOperator(operator)) throw badRequest(`found '${operator}', expected: ',' or 'end of string'`);
    const values = operator === 'in' || operator === 'notin' ? this.list() : [this.exact()];
    const wrong = values.findIndex((value) => !VALUE.test(value));
    if (wrong >= 0) throw cannot(`values[${wrong}][${name}]: Invalid value: ${JSON.stringify(values[wrong])}: ${VALUE_MESSAGE}`);
    return { key: name, operator: OPERATORS[operator], values };
  }

  private exact(): string {
    return this.peek() === ',' || this.peek() === '' ? '' : this.take();
  }

  private list(): string[] {
    const open = this.take();
    if (open !== '(') throw cannot(`found '${open}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      values.push(isIdentifier(this.peek()) ? this.take() : '');
      const next = this.take();
      if (next === ')') return values;
      if (next !== ',') throw cannot(`found '${next}', expected: ',' or ')'`);
    }
  }

  private peek(): string {
    return this.tokens[this.at] ?? '';
  }

  private take(): string {
    const token = this.peek();
    this.at++;
    return token;
  }
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
    return new LabelSelector(new SelectorParser(text).parse());
  }

  matches(labels: Labels): boolean {
    return this.requirements.every((wanted) => holds(wanted, labels));
  }

  /** A key that every match carries, null where there is none: lets an index answer. */
  get requiredKey(): string | null {
    return this.requirements.find(({ operator }) => operator === 'in' || operator === 'exists')?.key ?? null;
  }
}
