import { badRequest, expired } from '../store/api-status.js';
import type { Collection, Selectors } from '../store/collection.js';
import type { StoredObject } from '../store/stored-object.js';

export interface Page {
  readonly items: readonly StoredObject[];
  readonly revision: number;
  readonly continueToken: string | null;
  /** null where selectors make it unknown, as on a real server */
  readonly remaining: number | null;
}

interface Snapshot {
  readonly collection: Collection;
  readonly objects: readonly StoredObject[];
  readonly revision: number;
}

const TOO_OLD =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list. This may be ok if you just want to list all objects, but may lead to objects being missed or shown twice.';

const OPEN_LISTS = 64;

/**
 * Pages of lists, each list being what the first page saw. A list that is forgotten (too many are open, or history was compacted) goes
 * on only as 410 with a token for an inconsistent rest, as kube-apiserver does.
 */
export class Pager {
  private readonly snapshots = new Map<string, Snapshot>();
  private counter = 0;

  /** The first page of what a list has found at `revision`. */
  open(collection: Collection, objects: readonly StoredObject[], selectors: Selectors, limit: number, revision: number): Page {
    if (limit <= 0 || objects.length <= limit) return { items: objects, revision, continueToken: null, remaining: null };
    const id = String(++this.counter);
    this.snapshots.set(id, { collection, objects, revision });
    if (this.snapshots.size > OPEN_LISTS) this.snapshots.delete(this.snapshots.keys().next().value ?? '');
    return this.page(id, objects, 0, limit, revision, selectors);
  }

  next(token: string, collection: Collection, selectors: Selectors, limit: number, revision: number): Page {
    const { id, offset, key } = decode(token);
    const snapshot = id === null ? null : this.snapshots.get(id);
    if (id !== null && (!snapshot || snapshot.collection !== collection)) throw expired(TOO_OLD, { continue: encode({ id: null, offset: 0, key }) });
    if (snapshot && id !== null) return this.page(id, snapshot.objects, offset, limit, snapshot.revision, selectors);
    const rest = collection.select(selectors).filter((object) => keyOf(object) > key);
    const items = limit > 0 ? rest.slice(0, limit) : rest;
    const last = items.at(-1);
    const more = items.length < rest.length && last;
    return { items, revision, continueToken: more ? encode({ id: null, offset: 0, key: keyOf(last) }) : null, remaining: null };
  }

  /** All open lists answer 410 from now on. */
  expireAll(): void {
    this.snapshots.clear();
  }

  private page(id: string, objects: readonly StoredObject[], offset: number, limit: number, revision: number, selectors: Selectors): Page {
    const end = limit > 0 ? offset + limit : objects.length;
    const items = objects.slice(offset, end);
    const last = items.at(-1);
    if (end >= objects.length || !last) {
      this.snapshots.delete(id);
      return { items, revision, continueToken: null, remaining: null };
    }
    const counted = !selectors.labels && !selectors.fields;
    return { items, revision, continueToken: encode({ id, offset: end, key: keyOf(last) }), remaining: counted ? objects.length - end : null };
  }
}

interface Token {
  readonly id: string | null;
  readonly offset: number;
  /** Of the last object that was given */
  readonly key: string;
}

const keyOf = (object: StoredObject): string => `${object.namespace}/${object.name}`;
const encode = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url');

function decode(text: string): Token {
  try {
    const { id, offset, key } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Token;
    if ((id === null || typeof id === 'string') && Number.isInteger(offset) && typeof key === 'string') return { id, offset, key };
  } catch {
    // Not one of ours: refused below.
  }
  throw badRequest('invalid continue token: continue key is not valid: invalid character looking for beginning of value');
}
