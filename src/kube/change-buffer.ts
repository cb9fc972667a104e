import type { ReflectorChange } from './reflector.types.js';

/** Holds the last change of each object, in the order of these last changes. */
export class ChangeBuffer {
  private changes = new Map<string, ReflectorChange>();

  get size(): number {
    return this.changes.size;
  }

  put(change: ReflectorChange): void {
    const { namespace = '', name } = change.object.metadata;
    const key = `${namespace}/${name}`;
    this.changes.delete(key);
    this.changes.set(key, change);
  }

  /** Gives out what is held and starts empty. */
  take(): ReflectorChange[] {
    const changes = [...this.changes.values()];
    this.changes = new Map();
    return changes;
  }
}
