import { isRecord } from '../deep-equal.js';
import type { SchemaNode } from './schema.js';

/**
 * A set of paths into an object, as server-side apply keeps per manager. An element is written as in FieldsV1: `f:name` a field,
 * `k:{"name":"x"}` a list item by its keys, `v:"x"` a member of a set.
 * @see sigs.k8s.io/structured-merge-diff, fieldpath/set.go and serialize.go
 */
export class FieldSet {
  readonly members: Set<string>;
  readonly children: Map<string, FieldSet>;

  constructor(members: Iterable<string> = [], children: Iterable<readonly [string, FieldSet]> = []) {
    this.members = new Set(members);
    this.children = new Map([...children].filter(([, child]) => !child.empty));
  }

  get empty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  /** The set below an element, made where there is none. For building only. */
  child(element: string): FieldSet {
    let child = this.children.get(element);
    if (!child) this.children.set(element, (child = new FieldSet()));
    return child;
  }

  /** Drops the empty children that building has left. */
  trimmed(): FieldSet {
    return new FieldSet(this.members, [...this.children].map(([element, child]) => [element, child.trimmed()] as const));
  }

  union(other: FieldSet): FieldSet {
    const children = new Map(this.children);
    for (const [element, child] of other.children) {
      const mine = children.get(element);
      children.set(element, mine ? mine.union(child) : child);
    }
    return new FieldSet([...this.members, ...other.members], children);
  }

  intersection(other: FieldSet): FieldSet {
    const children: [string, FieldSet][] = [];
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs) children.push([element, child.intersection(theirs)]);
    }
    return new FieldSet([...this.members].filter((element) => other.members.has(element)), children);
  }

  difference(other: FieldSet): FieldSet {
    const children = [...this.children].map(([element, child]) => {
      const theirs = other.children.get(element);
      return [element, theirs ? child.difference(theirs) : child] as const;
    });
    return new FieldSet([...this.members].filter((element) => !other.members.has(element)), children);
  }

  /** Like difference, but a member of `other` takes everything below it along. */
  recursiveDifference(other: FieldSet): FieldSet {
    const children = [...this.children].filter(([element]) => !other.members.has(element)).map(([element, child]) => {
      const theirs = other.children.get(element);
      return [element, theirs ? child.recursiveDifference(theirs) : child] as const;
    });
    return new FieldSet([...this.members].filter((element) => !other.members.has(element)), children);
  }

  /** Adds the named fields on the way to members; items of maps and lists are not added. */
  withNamedFields(schema: SchemaNode | undefined): FieldSet {
    const members = new Set(this.members);
    const children: [string, FieldSet][] = [];
    for (const [element, child] of this.children) {
      const isField = element.startsWith('f:');
      if (isField && schema?.map !== true) members.add(element);
      children.push([element, child.withNamedFields(isField ? schemaBelow(schema, element.slice(2)) : schema?.item)]);
    }
    return new FieldSet(members, children);
  }

  /** Every path, members of a level before what is below it. */
  *paths(prefix: readonly string[] = []): Generator<readonly string[]> {
    for (const element of [...this.members].sort(compareElements)) yield [...prefix, element];
    for (const element of [...this.children.keys()].sort(compareElements)) yield* this.children.get(element)?.paths([...prefix, element]) ?? [];
  }

  toJson(): Record<string, unknown> {
    const json: Record<string, unknown> = {};
    for (const element of [...new Set([...this.members, ...this.children.keys()])].sort(compareElements)) {
      const child = this.children.get(element)?.toJson();
      json[element] = child ? (this.members.has(element) ? { '.': {}, ...child } : child) : {};
    }
    return json;
  }

  /** Anything that is not FieldsV1 gives an empty set. */
  static fromJson(json: unknown): FieldSet {
    if (!isRecord(json)) return new FieldSet();
    const members: string[] = [];
    const children: [string, FieldSet][] = [];
    for (const [element, value] of Object.entries(json)) {
      if (element === '.' || !isRecord(value)) continue;
      const keys = Object.keys(value);
      if (keys.length === 0 || keys.includes('.')) members.push(element);
      if (keys.some((key) => key !== '.')) children.push([element, FieldSet.fromJson(value)]);
    }
    return new FieldSet(members, children);
  }
}

export const schemaBelow = (schema: SchemaNode | undefined, field: string): SchemaNode | undefined => (schema?.map ? schema.item : schema?.fields?.[field]);

const RANK: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** Fields first, then items by key, by value, by index; within, by text. */
function compareElements(a: string, b: string): number {
  const rank = (RANK[a[0] ?? ''] ?? 9) - (RANK[b[0] ?? ''] ?? 9);
  return rank !== 0 ? rank : a < b ? -1 : a > b ? 1 : 0;
}

/** A path in the words of conflict messages: `.metadata.labels.a`, `.spec.list[name="x"].b`. */
export function pathText(path: readonly string[]): string {
  return path.map((element) => {
    const rest = element.slice(2);
    if (element.startsWith('f:')) return `.${rest}`;
    if (element.startsWith('v:')) return `[=${rest}]`;
    const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
    return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
  }).join('');
}
