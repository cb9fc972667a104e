import { FIELD_MANAGER } from '../hubs/protection-removal.rules.js';
import { inBackupSelection, type ObservedToken, type TokenAction, type TokenProblem } from './token-plan.rules.js';
import { isForgotten, madeBy, making, notMadeBefore, type Making } from './token-removal.rules.js';
import { rightFor } from './token-write.rules.js';

/** Why a cluster is not written to for a while. */
export interface Hold {
  readonly until: Date;
  /** null: it heals by itself */
  readonly problem: TokenProblem | null;
  readonly failures: number;
  /** The write that was refused; null: no write is tried */
  readonly refused: TokenAction['type'] | null;
}

interface MissingRight {
  /** Clusters in a row that it was missing for */
  times: number;
  until: Date;
  problem: TokenProblem;
}

/** Rights may be granted namespace by namespace: only after so many clusters the right counts as missing on the whole hub. */
const MISSING_EVERYWHERE = 3;

/** One sign may be chance: a write of ours whose outcome was lost with a process. */
const RIVAL_SIGNS = 3;
const RIVAL_MS = 24 * 3_600_000;

const clusterKey = (hubId: string, cluster: string): string => `${hubId}/${cluster}`;

function rightKey(hubId: string, action: TokenAction): string {
  const { verb, group, resource } = rightFor(action, '');
  return `${hubId}/${verb} ${group}/${resource}`;
}

/** What this process remembers of writes that were refused, failed or undone. Lost with it, and then learnt again. */
export class TokenHolds {
  private readonly clusters = new Map<string, Hold>();
  private readonly away = new Map<string, Date>();
  private readonly rights = new Map<string, MissingRight>();
  private readonly made = new Map<string, Making>();
  /** Secrets of which we do not know whether our label arrived */
  private readonly unsure = new Set<string>();
  /** Secrets that somebody changed in the moment in which we were about to label them */
  private readonly contested = new Set<string>();
  /** By hub: when somebody with our own field manager turned out to have labelled one */
  private readonly rivals = new Map<string, Date[]>();

  /** Someone changed the hub, or it is back: everything is tried again. */
  forget(hubId: string): void {
    this.away.delete(hubId);
    for (const memory of [this.clusters, this.rights, this.made]) {
      for (const key of memory.keys()) if (key.startsWith(`${hubId}/`)) memory.delete(key);
    }
  }

  /** Nothing is to be done for the cluster, or all of it was. */
  clear(hubId: string, cluster: string): void {
    this.clusters.delete(clusterKey(hubId, cluster));
  }

  ofCluster(hubId: string, cluster: string, now: Date): Hold | null {
    const hold = this.clusters.get(clusterKey(hubId, cluster));
    if (hold !== undefined && hold.until > now) return hold;
    const until = this.away.get(hubId);
    return until !== undefined && until > now ? { until, problem: hold?.problem ?? null, failures: hold?.failures ?? 0, refused: null } : null;
  }

  /** Failures of the cluster in a row, this one included; and what was told of it before. */
  next(hubId: string, cluster: string): Pick<Hold, 'failures' | 'problem'> {
    const last = this.clusters.get(clusterKey(hubId, cluster));
    return { failures: (last?.failures ?? 0) + 1, problem: last?.problem ?? null };
  }

  hold(hubId: string, cluster: string, hold: Hold): Hold {
    this.clusters.set(clusterKey(hubId, cluster), hold);
    return hold;
  }

  hubAway(hubId: string, until: Date): void {
    this.away.set(hubId, until);
  }

  /** The right that the action needs was missing for cluster after cluster: asking again for each of thousands would tell nothing new. */
  missingRight(hubId: string, action: TokenAction, now: Date): Pick<Hold, 'until' | 'problem'> | null {
    const missing = this.rights.get(rightKey(hubId, action));
    return missing !== undefined && missing.times >= MISSING_EVERYWHERE && missing.until > now ? missing : null;
  }

  /** @returns whether this is the first time that it is known to be missing */
  noteMissingRight(hubId: string, action: TokenAction, until: Date): boolean {
    const key = rightKey(hubId, action);
    const known = this.rights.get(key);
    const { verb, resource } = rightFor(action, '');
    const problem: TokenProblem = { code: 'RIGHTS_MISSING', detail: `Lifeboat\u2019s account may not ${verb} ${resource} on this hub` };
    if (known === undefined) this.rights.set(key, { times: 1, until, problem });
    else Object.assign(known, { times: known.times + 1, until, problem });
    return known === undefined;
  }

  /** What somebody takes away again and again is not made at once each time. */
  removed(hubId: string, cluster: string, action: TokenAction, now: Date): Date | null {
    const object = madeBy(action);
    return object === null ? null : notMadeBefore(this.made.get(`${clusterKey(hubId, cluster)}/${object}`), now);
  }

  done(hubId: string, cluster: string, action: TokenAction, now: Date): void {
    this.rights.delete(rightKey(hubId, action));
    const object = madeBy(action);
    if (object === null) return;
    const key = `${clusterKey(hubId, cluster)}/${object}`;
    this.made.set(key, making(this.made.get(key), now));
  }

  /** A label could not be written. */
  notLabelled(hubId: string, cluster: string, action: TokenAction, because: 'CONFLICT' | 'UNKNOWN'): void {
    if (action.type !== 'MARK_SECRET' || !action.label) return;
    const key = `${clusterKey(hubId, cluster)}/${action.name}`;
    if (because === 'UNKNOWN') this.unsure.add(key);
    else if (!this.unsure.has(key)) this.contested.add(key);
  }

  /**
   * Whether a label that we were about to write is there now, and by whom: by our own field manager, and not by us, it is another Lifeboat's.
   * @returns whether that makes it known just now
   */
  lookForRival(hubId: string, { cluster, secrets }: ObservedToken, now: Date): boolean {
    const before = this.hasRival(hubId, now);
    for (const [name, { facts }] of secrets) {
      const key = `${clusterKey(hubId, cluster)}/${name}`;
      if (!inBackupSelection(facts)) continue;
      this.unsure.delete(key);
      if (this.contested.delete(key) && facts.labelWrittenBy === FIELD_MANAGER) this.rivals.set(hubId, [...(this.rivals.get(hubId) ?? []).slice(1 - RIVAL_SIGNS), now]);
    }
    return !before && this.hasRival(hubId, now);
  }

  /** Another Lifeboat was seen on the hub, several times within a day. */
  hasRival(hubId: string, now: Date): boolean {
    return (this.rivals.get(hubId) ?? []).filter((at) => now.getTime() < at.getTime() + RIVAL_MS).length >= RIVAL_SIGNS;
  }

  /** Drops what tells nothing any more. */
  tidy(now: Date): void {
    for (const [key, last] of this.made) if (isForgotten(last, now)) this.made.delete(key);
  }
}
