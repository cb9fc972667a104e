import { expired } from './api-status.js';
import type { StoredObject } from './stored-object.js';

/** One write to one kind. `previous` is null for ADDED; for DELETED `object` is the last state. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: StoredObject;
  readonly previous: StoredObject | null;
}

/** The last events of a kind, oldest first; bounded, so that an old resourceVersion is 410 Gone as on a real server. */
export class History {
  private events: StoreEvent[] = [];
  private start = 0;
  /** Events after this revision are all known */
  private floor: number;

  constructor(
    private readonly capacity: number,
    floor: number,
  ) {
    this.floor = floor;
  }

  push(event: StoreEvent): void {
    this.events.push(event);
    if (this.events.length - this.start > this.capacity) this.dropOldest();
  }

  /** Forgets everything up to and including `revision`, as etcd's compaction does. */
  compact(revision: number): void {
    while (this.start < this.events.length && (this.events[this.start]?.revision ?? Infinity) <= revision) this.dropOldest();
    this.floor = Math.max(this.floor, revision);
  }

  /** The oldest revision whose state is still known. */
  get oldest(): number {
    return this.floor;
  }

  knows(revision: number): boolean {
    return revision >= this.floor;
  }

  /** @throws ApiStatusError 410 where older events have been forgotten */
  after(revision: number): StoreEvent[] {
    if (!this.knows(revision)) throw expired(`too old resource version: ${revision} (${this.floor})`);
    let low = this.start;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.events.slice(low);
  }

  private dropOldest(): void {
    const oldest = this.events[this.start];
    if (!oldest) return;
    this.floor = Math.max(this.floor, oldest.revision);
    this.start++;
    if (this.start > 1024 && this.start * 2 > this.events.length) {
      this.events = this.events.slice(this.start);
      this.start = 0;
    }
  }
}
