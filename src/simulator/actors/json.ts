import type { KubeObject } from '../../kube/kube.types.js';

/** Reading JSON that came from an API server, where nothing is certain to be there. */
export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object as it is, anything else as an empty one. */
export const record = (value: unknown): Json => (isRecord(value) ? value : {});

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What lies at a path of members; undefined where any of them is missing. */
export const at = (value: unknown, ...path: readonly string[]): unknown => path.reduce<unknown>((inner, key) => record(inner)[key], value);

export const specOf = (object: KubeObject | undefined | null): Json => record(object?.spec);
export const statusOf = (object: KubeObject | undefined | null): Json => record(object?.status);
export const labelOf = (object: KubeObject, key: string): string | undefined => object.metadata.labels?.[key];
export const annotationOf = (object: KubeObject, key: string): string | undefined => object.metadata.annotations?.[key];

/** A time in milliseconds, or null where the text is no time. */
export function timeOf(value: unknown): number | null {
  const ms = Date.parse(text(value) ?? '');
  return Number.isNaN(ms) ? null : ms;
}

/** As Kubernetes writes times: UTC, whole seconds. */
export const rfc3339 = (at: Date | number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** `yyyymmddhhmmss` in UTC: the suffix of Velero's scheduled backups. */
export const stamp = (at: Date | number): string => new Date(at).toISOString().slice(0, 19).replace(/[-T:]/g, '');

export const base64 = (value: string): string => Buffer.from(value, 'utf8').toString('base64');
export const unbase64 = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString('utf8');

/** Equality of JSON values, whatever the order of their members. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}
