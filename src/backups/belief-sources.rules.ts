import type { Belief, BeliefReason, EvidenceKind } from './backups.types.js';

/**
 * What each source said of one token or cluster, kept apart as JSON (instants in ISO 8601), so that they can be weighed again when
 * another one speaks. A later word of the same source replaces the earlier one, but what was inferred is fixed once it is decided.
 */
export interface InferredSource {
  readonly belief: Extract<Belief, 'INFERRED_IN' | 'INFERRED_OUT' | 'UNKNOWN'>;
  readonly reason: BeliefReason | null;
  /** Of the token that was there at the start of its part */
  readonly expiresAt: string | null;
  readonly refreshedAt: string | null;
  readonly expiryDoubt: string | null;
  /** Absent: written by an older release */
  readonly doubtfulFrom?: string | null;
  readonly evidence: string;
}

/** What Velero's own record of the part says. */
export interface ListedSource {
  readonly isIn: boolean;
  readonly hubId: string;
  readonly hubName: string;
  readonly backup: string;
}

/** A passive hub restored the Secret from the backup, with these annotations. */
export interface SyncedSource {
  readonly hubId: string | null;
  readonly backup: string;
  readonly expiresAt: string | null;
  readonly refreshedAt: string | null;
}

export interface TokenSources {
  readonly inferred?: InferredSource;
  readonly listed?: ListedSource;
  readonly synced?: SyncedSource;
}

export interface Settled {
  readonly belief: Belief;
  readonly evidence: string;
  readonly evidenceKind: EvidenceKind;
  readonly evidenceHubId: string | null;
  readonly conflict: string | null;
}

export interface SettledToken extends Settled {
  readonly reason: BeliefReason | null;
  readonly expiresAt: string | null;
  readonly refreshedAt: string | null;
  readonly expiryDoubt: string | null;
}

const NOTHING: InferredSource = { belief: 'UNKNOWN', reason: null, expiresAt: null, refreshedAt: null, expiryDoubt: null, evidence: 'Nothing is known of the token when the backup started' };

/** Annotations are written in whole seconds. */
const SAME_MS = 1_000;

const recordOf = ({ backup, hubName }: ListedSource): string => `Velero's record of ${backup}, read on hub ${hubName}`;
const words = (...parts: (string | null)[]): string | null => {
  const told = parts.filter((part) => part !== null);
  return told.length === 0 ? null : told.join('; ');
};

/** The expiry of the token inside: as it stood at the start, and as the restored Secret bears it. The earlier one decides. */
function expiryOf(inferred: InferredSource, synced: SyncedSource | undefined): { expiresAt: string | null; conflict: string | null } {
  if (synced?.expiresAt == null) return { expiresAt: inferred.expiresAt, conflict: null };
  if (inferred.expiresAt === null) return { expiresAt: synced.expiresAt, conflict: null };
  const [noted, restored] = [Date.parse(inferred.expiresAt), Date.parse(synced.expiresAt)];
  if (Math.abs(noted - restored) < SAME_MS) return { expiresAt: synced.expiresAt, conflict: null };
  return {
    expiresAt: noted < restored ? inferred.expiresAt : synced.expiresAt,
    conflict: `The restored Secret says that it expires at ${synced.expiresAt}, the token at the start of the backup expired at ${inferred.expiresAt}`,
  };
}

/** We saw that there was nothing to take. A label that came in the second of the start, or just after, is no contradiction: Velero looks later. */
const sawNothing = ({ belief, reason }: InferredSource): boolean => belief === 'INFERRED_OUT' && reason !== 'LABELLED_AFTER_START';

function inside(sources: TokenSources, inferred: InferredSource): SettledToken {
  const { listed, synced } = sources;
  const { expiresAt, conflict } = expiryOf(inferred, synced);
  const isListed = listed?.isIn === true;
  return {
    belief: 'VERIFIED_IN',
    reason: null,
    expiresAt,
    refreshedAt: synced?.refreshedAt ?? inferred.refreshedAt,
    expiryDoubt: inferred.expiryDoubt,
    evidence: isListed ? `${recordOf(listed)}, lists the Secret` : `A restore of ${synced?.backup ?? 'the backup'} on another hub brought the Secret`,
    evidenceKind: isListed ? 'RESOURCE_LIST' : 'PASSIVE_SYNC',
    evidenceHubId: isListed ? listed.hubId : (synced?.hubId ?? null),
    conflict: words(sawNothing(inferred) ? `It is inside all the same, though: ${inferred.evidence}` : null, conflict),
  };
}

function outside(listed: ListedSource, { inferred, synced }: TokenSources): SettledToken {
  const contradicted = inferred?.belief === 'INFERRED_IN' ? inferred.evidence : null;
  const restored = synced === undefined ? null : `a restore of ${synced.backup} on another hub brought the Secret`;
  const why = inferred?.belief === 'INFERRED_OUT' ? `. ${inferred.evidence}` : '';
  return {
    belief: 'VERIFIED_OUT',
    reason: inferred?.belief === 'INFERRED_OUT' ? inferred.reason : 'NOT_IN_RECORD',
    expiresAt: null,
    refreshedAt: null,
    expiryDoubt: null,
    evidence: `${recordOf(listed)}, does not list the Secret${why}`,
    evidenceKind: 'RESOURCE_LIST',
    evidenceHubId: listed.hubId,
    conflict: words(restored, contradicted),
  };
}

/**
 * What the sources add up to. A record or a restored Secret proves presence; the record alone proves absence; the expiry comes from the
 * token that was there at the start, and from the restored Secret. Where they contradict each other that is told, and the pessimistic one
 * decides.
 */
export function settledToken(sources: TokenSources): SettledToken {
  const { listed, synced, inferred = NOTHING } = sources;
  if (listed?.isIn === false) return outside(listed, sources);
  if (listed !== undefined || synced !== undefined) return inside(sources, inferred);
  const isIn = inferred.belief === 'INFERRED_IN';
  return {
    belief: inferred.belief,
    reason: inferred.reason,
    expiresAt: isIn ? inferred.expiresAt : null,
    refreshedAt: isIn ? inferred.refreshedAt : null,
    expiryDoubt: isIn ? inferred.expiryDoubt : null,
    evidence: inferred.evidence,
    evidenceKind: inferred.belief === 'UNKNOWN' ? 'NONE' : 'LABEL_AT_START',
    evidenceHubId: null,
    conflict: null,
  };
}

export interface InferredClusterSource {
  readonly belief: Extract<Belief, 'INFERRED_IN' | 'INFERRED_OUT' | 'UNKNOWN'>;
  readonly evidence: string;
  /** The ManagedCluster on the hub was made when the backup was done already: what is inside under its name is another one */
  readonly isAnother: boolean;
}

export interface ClusterSources {
  readonly inferred?: InferredClusterSource;
  readonly listed?: ListedSource;
}

/** Whether a ManagedCluster is in the managed-clusters backup, by its age and by the label that leaves it out. */
export function inferCluster(cluster: { readonly createdAt: Date | null; readonly isExcluded: boolean }, startedAt: Date, completedAt: Date | null): InferredClusterSource {
  const { createdAt, isExcluded } = cluster;
  if (isExcluded) return { belief: 'INFERRED_OUT', evidence: 'The ManagedCluster carries the label velero.io/exclude-from-backup', isAnother: false };
  if (createdAt === null) return { belief: 'UNKNOWN', evidence: 'It cannot be read how old the ManagedCluster is', isAnother: false };
  const [created, started] = [createdAt.toISOString(), startedAt.toISOString()];
  const evidence = `The ManagedCluster was created at ${created}, its backup started at ${started}`;
  if (createdAt < startedAt) return { belief: 'INFERRED_IN', evidence, isAnother: false };
  return { belief: 'INFERRED_OUT', evidence, isAnother: completedAt !== null && createdAt > completedAt };
}

export function settledCluster({ inferred, listed }: ClusterSources): Settled {
  if (listed === undefined) {
    const { belief, evidence } = inferred ?? { belief: 'UNKNOWN', evidence: 'Nothing is known of the ManagedCluster when the backup started' };
    return { belief, evidence, evidenceKind: belief === 'UNKNOWN' ? 'NONE' : 'AGE_AT_START', evidenceHubId: null, conflict: null };
  }
  const isListed = `${recordOf(listed)}, lists ${listed.isIn ? 'the' : 'no such'} ManagedCluster`;
  if (listed.isIn && inferred?.isAnother === true) {
    return { belief: 'INFERRED_OUT', evidence: inferred.evidence, evidenceKind: 'AGE_AT_START', evidenceHubId: null, conflict: `${isListed}: another one of this name` };
  }
  return {
    belief: listed.isIn ? 'VERIFIED_IN' : 'VERIFIED_OUT',
    evidence: isListed,
    evidenceKind: 'RESOURCE_LIST',
    evidenceHubId: listed.hubId,
    conflict: !listed.isIn && inferred?.belief === 'INFERRED_IN' ? inferred.evidence : null,
  };
}
