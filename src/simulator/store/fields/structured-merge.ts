import { deepEqual, isRecord } from '../deep-equal.js';
import { FieldSet, schemaBelow } from './field-set.js';
import type { SchemaNode } from './schema.js';

/* The walks of sigs.k8s.io/structured-merge-diff (typed/tofieldset.go, compare.go, merge.go, remove.go). `undefined` is absence, null is a value. */

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type Shape = 'leaf' | 'map' | 'list';

function shapeOf(value: unknown, schema: SchemaNode | undefined): Shape {
  if (schema?.atomic) return 'leaf';
  if (isRecord(value)) return 'map';
  if (Array.isArray(value)) return schema?.keys || schema?.set ? 'list' : 'leaf';
  return 'leaf';
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0);

/** The element of an item: its keys in the order of the alphabet, as FieldsV1 has them. */
function itemElement(item: unknown, schema: SchemaNode | undefined): string {
  if (schema?.set) return `v:${JSON.stringify(item)}`;
  const record = isRecord(item) ? item : {};
  const keys = [...(schema?.keys ?? [])].sort().filter((key) => record[key] !== undefined);
  return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, record[key]])))}`;
}

const asMap = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
const itemsOf = (value: unknown, schema: SchemaNode | undefined): Map<string, unknown> => new Map(asList(value).map((item) => [itemElement(item, schema), item]));

/** The fields that an applied configuration claims. */
export function toFieldSet(value: unknown, schema: SchemaNode | undefined): FieldSet {
  const set = new FieldSet();
  if (shapeOf(value, schema) === 'map') {
    for (const [key, below] of Object.entries(asMap(value))) {
      if (below === undefined) continue;
      const element = `f:${key}`;
      const under = schemaBelow(schema, key);
      const shape = shapeOf(below, under);
      if (shape === 'leaf' || schema?.map || (shape === 'map' && isEmpty(below))) set.members.add(element);
      if (shape !== 'leaf') set.children.set(element, toFieldSet(below, under));
    }
  } else if (shapeOf(value, schema) === 'list') {
    for (const [element, item] of itemsOf(value, schema)) {
      set.members.add(element);
      if (shapeOf(item, schema?.item) !== 'leaf') set.children.set(element, toFieldSet(item, schema?.item));
    }
  }
  return set.trimmed();
}

/** What became of each field from `left` to `right`. */
export function compare(left: unknown, right: unknown, schema: SchemaNode | undefined): Comparison {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareBelow(left, right, schema, result);
  return { added: result.added.trimmed(), modified: result.modified.trimmed(), removed: result.removed.trimmed() };
}

function compareBelow(left: unknown, right: unknown, schema: SchemaNode | undefined, into: Comparison): void {
  const shape = shapeOf(right ?? left, schema);
  const pairs: [element: string, left: unknown, right: unknown, schema: SchemaNode | undefined][] = [];
  if (shape === 'map') {
    const [l, r] = [asMap(left), asMap(right)];
    for (const key of new Set([...Object.keys(l), ...Object.keys(r)])) pairs.push([`f:${key}`, l[key], r[key], schemaBelow(schema, key)]);
  } else {
    const [l, r] = [itemsOf(left, schema), itemsOf(right, schema)];
    for (const element of new Set([...l.keys(), ...r.keys()])) pairs.push([element, l.get(element), r.get(element), schema?.item]);
  }
  for (const [element, l, r, under] of pairs) compareOne(element, l, r, under, into);
}

function compareOne(element: string, left: unknown, right: unknown, schema: SchemaNode | undefined, into: Comparison): void {
  if (left === undefined && right === undefined) return;
  const [leftShape, rightShape] = [shapeOf(left, schema), shapeOf(right, schema)];
  const differentShapes = !isEmpty(left) && !isEmpty(right) && leftShape !== rightShape;
  const leaf = differentShapes || (leftShape === 'leaf' && rightShape === 'leaf') || (isEmpty(left) && isEmpty(right));
  if (!leaf) {
    const below = { added: into.added.child(element), modified: into.modified.child(element), removed: into.removed.child(element) };
    compareBelow(left, right, schema, below);
  }
  if (left === undefined) into.added.members.add(element);
  else if (right === undefined) into.removed.members.add(element);
  else if (leaf && !deepEqual(left, right)) into.modified.members.add(element);
}

/** `right` laid over `left`. */
export function merge(left: unknown, right: unknown, schema: SchemaNode | undefined): unknown {
  if (left === undefined) return right;
  if (right === undefined) return left;
  const shape = shapeOf(right, schema);
  if (shape === 'leaf' || shapeOf(left, schema) !== shape || (isEmpty(left) && isEmpty(right))) return right;
  if (shape === 'map') {
    const merged = { ...asMap(left) };
    for (const [key, value] of Object.entries(asMap(right))) merged[key] = merge(merged[key], value, schemaBelow(schema, key));
    return merged;
  }
  return mergeLists(left, right, schema);
}

/**
 * Shared items follow the order of `right`; those that `right` does not name stay about where they were. Step by step as
 * mergingWalker.visitListItems does it, since the order of the outcome is visible.
 */
function mergeLists(left: unknown, right: unknown, schema: SchemaNode | undefined): unknown[] {
  const before = itemsOf(left, schema);
  const after = itemsOf(right, schema);
  const [leftElements, rightElements] = [[...before.keys()], [...after.keys()]];
  const shared = rightElements.filter((element) => before.has(element));
  const taken = new Set<string>();
  const merged: unknown[] = [];
  const take = (element: string): void => {
    taken.add(element);
    merged.push(merge(before.get(element), after.get(element), schema?.item));
    if (shared[0] === element) shared.shift();
  };
  let [l, r] = [0, 0];
  while (l < leftElements.length || r < rightElements.length) {
    const [mine, theirs] = [leftElements[l], rightElements[r]];
    if (mine !== undefined && mine === theirs) {
      take(mine);
      l++;
      r++;
    } else if (mine !== undefined && !after.has(mine)) {
      merged.push(before.get(mine));
      l++;
    } else if (mine !== undefined && (taken.has(mine) || (theirs !== undefined && shared[0] !== mine))) {
      l++;
    } else if (theirs !== undefined) {
      take(theirs);
      r++;
    }
  }
  return merged;
}

/** The value without the members of the set. An object or list that becomes empty becomes null. */
export function removeItems(value: unknown, set: FieldSet, schema: SchemaNode | undefined): unknown {
  const shape = shapeOf(value, schema);
  if (isEmpty(value) || (shape === 'leaf' && (isRecord(value) || Array.isArray(value)))) return null;
  if (shape === 'map') {
    const kept: Record<string, unknown> = {};
    for (const [key, below] of Object.entries(asMap(value))) {
      const element = `f:${key}`;
      if (set.members.has(element)) continue;
      const subset = set.children.get(element);
      kept[key] = subset ? removeItems(below, subset, schemaBelow(schema, key)) : below;
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  if (shape === 'list') {
    const kept = [...itemsOf(value, schema)].filter(([element]) => !set.members.has(element)).map(([element, item]) => {
      const subset = set.children.get(element);
      return subset ? removeItems(item, subset, schema?.item) : item;
    });
    return kept.length > 0 ? kept : null;
  }
  return value;
}
