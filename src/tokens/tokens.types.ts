/** Names of the two ManagedServiceAccounts whose tokens re-import a cluster. */
export const tokenAccounts = ['auto-import-account', 'auto-import-account-pair'] as const;
export type TokenAccount = (typeof tokenAccounts)[number];

/** What is wrong with a token, the gravest first. Part of the API: add freely, never rename. */
export const tokenProblemCodes = [
  'OPERATOR_SWITCHED_OFF',
  'COMPONENT_DISABLED',
  'RIGHTS_MISSING',
  'HUB_REJECTED_WRITE',
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
  readonly hubId?: string;
  /** Exact name */
  readonly cluster?: string;
  readonly problemCode?: TokenProblemCode;
  readonly expiresBefore?: Date;
}

export const tokenSortFields = ['cluster', 'expiresAt'] as const;
export type TokenSortField = (typeof tokenSortFields)[number];
