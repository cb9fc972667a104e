import type { Severity } from '../readiness/readiness.types.js';

/** Names of the two ManagedServiceAccounts whose tokens re-import a cluster. */
export const tokenAccounts = ['auto-import-account', 'auto-import-account-pair'] as const;
export type TokenAccount = (typeof tokenAccounts)[number];

/** What is wrong with a token, the gravest first. Part of the API: add freely, never rename. */
export const tokenProblemCodes = [
  'OPERATOR_SWITCHED_OFF',
  'COMPONENT_DISABLED',
  'RIGHTS_MISSING',
  'HUB_REJECTED_WRITE',
  'WEBHOOK_UNAVAILABLE',
  'QUOTA_EXCEEDED',
  'NAMESPACE_TERMINATING',
  'NAMESPACE_MISSING',
  'ACCOUNT_STUCK_DELETING',
  'TOKEN_OBJECTS_REMOVED',
  'ADDON_MISSING',
  'ACCOUNT_MISSING',
  'TOKEN_REPORT_FAILED',
  'ADDON_UNAVAILABLE',
  'TOKEN_MISSING',
  'TOKEN_EXPIRED',
  'TOKEN_EXPIRY_UNREADABLE',
  'TOKEN_NOT_LABELLED',
  'ROLE_BINDING_MISSING',
  'TOKEN_REFRESH_OVERDUE',
  'TOKEN_NEAR_EXPIRY',
  'ANOTHER_LIFEBOAT',
  'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL',
  'TOKEN_EXPIRES_WITHIN_SET',
  'EXCLUDED',
] as const;
export type TokenProblemCode = (typeof tokenProblemCodes)[number];

/** One row of the token inventory. Never the token itself. */
export interface AutoImportToken {
  readonly id: string;
  readonly hubId: string;
  readonly cluster: string;
  readonly account: TokenAccount;
  readonly accountPresent: boolean;
  readonly accountUid: string | null;
  /** `spec.rotation.validity` as asked for; the cluster may have granted less */
  readonly validitySeconds: number | null;
  /** As granted: from the account's status, else from the Secret's annotation */
  readonly expiresAt: Date | null;
  readonly refreshedAt: Date | null;
  readonly secretPresent: boolean;
  readonly secretUid: string | null;
  /** Velero takes the Secret into the credentials backup */
  readonly inBackupSelection: boolean;
  readonly labelledAt: Date | null;
  /** The ManifestWork that carries the role binding is there */
  readonly bindingPresent: boolean;
  readonly problemCode: TokenProblemCode | null;
  readonly problemDetail: string | null;
  readonly problemSince: Date | null;
  /** Of each day, on average and at worst: for how long the newest backup set holds no token of the cluster that is still valid; null: not known */
  readonly uncoveredSecondsPerDay: number | null;
  /** Up to which age every backup set brings the cluster back, as far as tokens go; null: not known */
  readonly setRestorableSeconds: number | null;
  /** From when on a set that the plan's RPO allows may hold no valid token, unless one is renewed before; null: no plan, or no token in the backup */
  readonly oldForRpoAt: Date | null;
  readonly readAt: Date;
}

/** One life of a token: a new one with every Secret and every refresh. */
export interface TokenIncarnation {
  readonly id: string;
  readonly secretUid: string;
  readonly refreshedAt: Date;
  readonly expiresAt: Date | null;
  readonly seenAt: Date;
  readonly labelledAt: Date | null;
  readonly endedAt: Date | null;
}

export interface TokenFilter {
  readonly hubId?: string | undefined;
  /** A part of the name, upper or lower case alike */
  readonly cluster?: string | undefined;
  readonly clusterSet?: string | undefined;
  readonly problemCode?: TokenProblemCode | undefined;
  /** true: any problem; false: none */
  readonly hasProblem?: boolean | undefined;
  readonly expiresBefore?: Date | undefined;
  readonly inBackupSelection?: boolean | undefined;
}

/** Of all tokens that match a filter. */
export interface TokenTotals {
  readonly total: number;
  readonly withProblem: number;
  /** Only what is there */
  readonly byProblemCode: Readonly<Record<string, number>>;
  readonly expired: number;
  /** Valid now, and not a day from now unless renewed */
  readonly expiringWithin24Hours: number;
  readonly expiringWithin7Days: number;
  readonly inBackupSelection: number;
}

/** What is wrong with tokens of one hub in one way. */
export interface TokenProblemGroup {
  readonly hubId: string;
  readonly code: TokenProblemCode;
  readonly severity: Severity;
  /** Tokens; a cluster has up to two */
  readonly tokens: number;
  readonly clusters: number;
  readonly oldestSince: Date;
  /** Those that have it longest, at most five */
  readonly exampleClusters: readonly string[];
}

export interface TokenProblemFilter {
  readonly hubId?: string | undefined;
  readonly clusterSet?: string | undefined;
  readonly code?: TokenProblemCode | undefined;
}

export const tokenSortFields = ['cluster', 'expiresAt', 'problemSince'] as const;
export type TokenSortField = (typeof tokenSortFields)[number];
