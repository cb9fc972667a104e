/** What became of a hub, a token or a verdict. Part of the API: add freely, never rename. */
export const changeTypes = [
  'HUB_REGISTERED',
  'HUB_CHANGED',
  'HUB_POLICY_CHANGED',
  'HUB_REACHABILITY_CHANGED',
  'HUB_FENCING_CHANGED',
  'HUB_PREREQUISITE_CHANGED',
  'HUB_REMOVED',
  'TOKEN_ADDED',
  'TOKEN_CHANGED',
  'TOKEN_PROBLEM_CHANGED',
  'TOKEN_REMOVED',
  'PLAN_VERDICT_CHANGED',
  'CLUSTER_VERDICT_CHANGED',
  'TARGET_PATH_CHANGED',
] as const;
export type ChangeType = (typeof changeTypes)[number];

/** One entry of the change log. */
export interface Change {
  /** 1, 2, 3… without a gap, in the order in which the changes can be read */
  readonly id: number;
  /** When it was written, by the database's clock */
  readonly at: Date;
  readonly type: ChangeType;
  readonly hubId: string;
  /** null: it is about the hub */
  readonly cluster: string | null;
  /** Of the hub, the token or the plan */
  readonly subjectId: string;
  /** `{ field: { from, to } }` of what is another now, named as in the resource, and what tells which it is (account, code) */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ChangeFilter {
  readonly hubId?: string | undefined;
  /** Exact name; leaves out what is about the hub itself */
  readonly cluster?: string | undefined;
  readonly types?: readonly ChangeType[] | undefined;
}

/** Some changes in order, and how far the log is told with them. */
export interface ChangePage {
  readonly items: readonly Change[];
  /** Every change up to here that the filter lets through was told: read on after it */
  readonly upToId: number;
  /** The smallest id after which can still be read: all up to it is forgotten */
  readonly keptAfterId: number;
  /** There is more already */
  readonly hasMore: boolean;
}

/** A step of a reader that follows the log. */
export interface ChangeStep {
  readonly upToId: number;
  /** null: nothing for this reader; it only learns where it stands */
  readonly change: Change | null;
}
