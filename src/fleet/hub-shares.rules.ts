/** What the database says of who watches what, at one moment. */
export interface Ownership {
  /** Workers whose lease of presence lives */
  readonly workers: readonly PresentWorker[];
  /** Every registered hub */
  readonly hubs: readonly OwnedHub[];
}

export interface PresentWorker {
  readonly id: string;
  /** Since it came. Milliseconds of the database's clock */
  readonly presentMs: number;
}

export interface OwnedHub {
  readonly id: string;
  /** The worker that watches it; null: nobody does */
  readonly worker: string | null;
  /** An open failover works on it */
  readonly inFailover: boolean;
}

export interface Patience {
  /** A worker must have been present for so long before it is given hubs: one that dies again and again would take them down with it */
  readonly steadyMs: number;
  /** How long a free hub is left to workers that have fewer */
  readonly leaveMs: number;
}

/** A hub that this worker has handed over. */
export interface LeftHub {
  /** It is left to the others until then. Monotonic milliseconds */
  readonly untilMs: number;
  /** Who else was present when it was handed over */
  readonly others: readonly string[];
}

const sharesOf = ({ workers, hubs }: Ownership): ReadonlyMap<string, number> => {
  const shares = new Map(workers.map(({ id }) => [id, 0]));
  for (const { worker } of hubs) {
    const share = worker === null ? undefined : shares.get(worker);
    if (worker !== null && share !== undefined) shares.set(worker, share + 1);
  }
  return shares;
};

/**
 * Which free hubs this worker takes. Every worker deals them out alike, each to whoever has the fewest, and takes those that fall to itself; and
 * any that has stayed free for a while, since the one to whom it fell may be no more.
 * @param freeForMs since when this worker has seen a hub free
 */
export function hubsToTake(ownership: Ownership, me: string, freeForMs: (hubId: string) => number, { leaveMs }: Patience): string[] {
  // Whoever asks is present, though its own lease may just be in the making.
  const shares = new Map([[me, ownership.hubs.filter(({ worker }) => worker === me).length], ...sharesOf(ownership)]);
  const ids = [...shares.keys()].sort();
  return ownership.hubs.flatMap(({ id, worker }) => {
    if (worker !== null) return [];
    const heir = ids.reduce((fewest, other) => ((shares.get(other) ?? 0) < (shares.get(fewest) ?? 0) ? other : fewest));
    shares.set(heir, (shares.get(heir) ?? 0) + 1);
    return heir === me || freeForMs(id) >= leaveMs ? [id] : [];
  });
}

/**
 * Whether a hub handed over is still left to the others: not when one of them has ended since, for that may be the one that was to have it, or
 * that had it already, and nobody else would come for it.
 */
export const isStillLeft = ({ untilMs, others }: LeftHub, { workers }: Ownership, nowMs: number): boolean =>
  nowMs < untilMs && others.every((other) => workers.some(({ id }) => id === other));

/**
 * Which hub this worker hands over, so that no two workers differ by more than one: it gives while it has the most, and somebody who has
 * settled in has at least two less. One at a time: none is let go while another may be on its way.
 * @param movable of the hubs that this worker watches: those that can be moved without harm, in the order of preference
 */
export function hubToGive(ownership: Ownership, me: string, movable: readonly string[], freeForMs: (hubId: string) => number, { steadyMs, leaveMs }: Patience): string | null {
  // What stays free cannot be watched by anybody (its credentials cannot be opened), and keeps nothing from being fair.
  if (ownership.hubs.some(({ id, worker }) => worker === null && freeForMs(id) < 2 * leaveMs)) return null;
  const shares = sharesOf(ownership);
  const mine = shares.get(me);
  if (mine === undefined) return null;
  const most = Math.max(...shares.values());
  const [giver] = [...shares].filter(([, share]) => share === most).map(([id]) => id).sort();
  if (giver !== me) return null;
  const steady = ownership.workers.filter(({ id, presentMs }) => id !== me && presentMs >= steadyMs).map(({ id }) => shares.get(id) ?? 0);
  if (steady.length === 0 || mine - Math.min(...steady) < 2) return null;
  const busy = new Set(ownership.hubs.filter(({ inFailover }) => inFailover).map(({ id }) => id));
  return movable.find((id) => !busy.has(id)) ?? null;
}
