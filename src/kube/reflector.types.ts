import type { KubeObject } from './kube.types.js';

/**
 * Receives what a Reflector sees, in order, one call at a time: the next is made when the promise of the last is settled.
 * A rejected promise makes the reflector list anew after its backoff.
 */
export interface ReflectorSink {
  /** A full list begins. Objects that are in no page of it until `listed` no longer exist. */
  listing(): Promise<void> | void;
  /** @param askedAt when the list was asked for: it shows nothing older */
  page(objects: KubeObject[], askedAt: Date): Promise<void> | void;
  /** @param toldAt when the list was answered: nothing is missed since */
  listed(resourceVersion: string, toldAt: Date): Promise<void> | void;
  /** Buffered events, at most 500 or what came within some 50 ms; the last one of an object wins. `heardAt`: of the first. */
  changes(changes: readonly ReflectorChange[], heardAt: Date): Promise<void> | void;
  /** Told whenever it changes, and at least every 15 s while watching. */
  state(state: ReflectorState): Promise<void> | void;
}

export interface ReflectorChange {
  readonly type: 'UPSERT' | 'DELETE';
  readonly object: KubeObject;
}

export interface ReflectorState {
  /** `ABSENT`: the hub does not serve this kind (looked for again with the backoff) */
  readonly phase: 'LISTING' | 'WATCHING' | 'BACKING_OFF' | 'ABSENT' | 'STOPPED';
  /** When the hub last said anything on this kind (a list, an event, a bookmark); null: never */
  readonly heardAt: Date | null;
  readonly errorCode: string | null;
}
