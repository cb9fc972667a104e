/** As last learned; UNKNOWN: nothing was learned yet, or it is too old. */
export const pathStates = ['PROVEN', 'REFUSED', 'UNKNOWN'] as const;
export type PathState = (typeof pathStates)[number];

/** What a probe met. Part of the API: add freely, never rename. */
export const pathCodes = [
  'ANSWERED', // an HTTP answer from behind, whichever
  'CONNECTION_REFUSED', // nothing listens there, or a firewall says no
  'NO_ROUTE', // the network knows no way
  'TIMED_OUT', // packets vanish: mostly a firewall
  'NOT_HTTPS', // something else listens there
  'TLS_FAILED', // the way is open, but no TLS came about: it may want a name, which a probe by address cannot give
  'CUT_OFF', // the connection was closed without an answer
  'NAME_NOT_FOUND', // where Lifeboat runs the name is not known
  'ADDRESS_REFUSED', // loopback, link-local, metadata: never probed
  'API_URL_INVALID', // not a https:// address
  'RIGHT_MISSING', // the account on the hub lacks the right to probe
  'HUB_AWAY', // the hub did not answer, or not for itself
  'HUB_BUSY', // the hub asked for a pause
  'UNCLEAR', // what the hub said tells nothing of the way
] as const;
export type PathCode = (typeof pathCodes)[number];

/** What one probe says. */
export interface PathAnswer {
  readonly state: PathState;
  readonly code: PathCode;
  /** The evidence, in words: one line, bounded, without a secret */
  readonly detail: string;
}

/** The way from Lifeboat itself. Evidence only: no verdict rests on it. */
export interface OwnAnswer {
  readonly code: PathCode;
  readonly detail: string;
}

/**
 * What a cluster said of its token. PASSED: it takes the token, which may do what an import does. DENIED: it takes the token, which may not.
 * REFUSED: it does not take the token. EMPTY: the Secret on the source hub holds none. UNREACHABLE: Lifeboat met nobody. UNKNOWN: nothing was
 * learned. Part of the API: add freely, never rename.
 */
export const deepStates = ['PASSED', 'DENIED', 'REFUSED', 'EMPTY', 'UNREACHABLE', 'UNKNOWN'] as const;
export type DeepState = (typeof deepStates)[number];

export interface DeepAnswer {
  readonly state: DeepState;
  /** In words: one line, bounded, our own: nothing of what the cluster or the hub said, since either may quote the token */
  readonly detail: string;
}

/** What was learned of the other account's token, which is tried where the first is no good. */
export interface OtherToken {
  readonly account: string;
  readonly state: DeepState;
  /** null: not known */
  readonly refreshedAt: Date | null;
}

/** A token of a cluster as its hub shows it. */
export interface TriedToken {
  readonly account: string;
  readonly expiresAt: Date | null;
  /** null: not known */
  readonly refreshedAt: Date | null;
}

/** What a plan's deep check has learned of a cluster. */
export interface DeepCheck extends DeepAnswer {
  /** null: there was no token to try */
  readonly account: string | null;
  readonly refreshedAt: Date | null;
  /** When that was learned; of what was never learned: when it was last tried */
  readonly checkedAt: Date;
  readonly since: Date | null;
  /** What the last attempt met where it taught nothing; null: it is what was learned */
  readonly lastAttempt: { readonly detail: string; readonly at: Date } | null;
}

/** One way of a plan, as it is told. */
export interface TargetPath {
  readonly planId: string;
  readonly cluster: string;
  /** What counts now: a proof that is too old is UNKNOWN */
  readonly state: PathState;
  readonly code: PathCode | null;
  readonly detail: string;
  readonly checkedAt: Date;
  readonly since: Date | null;
  readonly apiUrl: string | null;
  /** The last attempt, whether or not it taught anything */
  readonly attempt: (OwnAnswer & { readonly at: Date }) | null;
  readonly lifeboatPath: (OwnAnswer & { readonly at: Date }) | null;
  /** null: the plan asks for none, or none was made yet */
  readonly deepCheck: DeepCheck | null;
  /** null: only when somebody asks */
  readonly dueAt: Date | null;
}

export interface PathFilter {
  readonly cluster?: string;
  readonly state?: PathState;
}
