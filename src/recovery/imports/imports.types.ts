import type { ClusterOrigin } from '../../fleet/fleet.types.js';
import type { ClusterVerdict } from '../../readiness/readiness.types.js';

/** WAITING: nothing tried yet. IMPORTING: tried, not back yet. The other three are ends, the last two with a reason. */
export const importStates = ['WAITING', 'IMPORTING', 'RECONNECTED', 'NOT_RECONNECTED', 'NOT_NEEDED'] as const;
export type ImportState = (typeof importStates)[number];

/** How a cluster's import ended. Part of the API: add freely, never rename. */
export const importOutcomeCodes = [
  'RECONNECTED',
  'ALREADY_AVAILABLE',
  'API_URL_MISSING',
  'NO_TOKEN_RESTORED',
  'TOKEN_EXPIRED',
  'TOKEN_REJECTED',
  'TOKEN_EMPTY',
  'CLUSTER_UNREACHABLE',
  'CLUSTER_NOT_RESTORED',
  'IMPORT_TIMED_OUT',
  'IMPORT_SECRET_BY_OTHERS',
  'IMPORT_DISABLED',
  'NOT_NEEDED',
] as const;
export type ImportOutcomeCode = (typeof importOutcomeCodes)[number];

/** The re-import of one managed cluster on the target during a failover. */
export interface ClusterImport {
  readonly failoverId: string;
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  /** What readiness said when the failover was checked */
  readonly predictedVerdict: ClusterVerdict;
  /** Code of the finding that decided; null: none */
  readonly predictedCode: string | null;
  /** What that foretells; null: readiness could not say */
  readonly predictedOutcome: ImportOutcomeCode | null;
  readonly state: ImportState;
  /** null while it is open */
  readonly outcomeCode: ImportOutcomeCode | null;
  readonly message: string | null;
  readonly suppliedApiUrl: string | null;
  /** Which account's token was used last */
  readonly account: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly firstAttemptAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface ImportFilter {
  readonly state?: ImportState;
  readonly outcomeCode?: ImportOutcomeCode;
  /** A part of the cluster's name, upper or lower case alike */
  readonly cluster?: string;
  /** Only those whose outcome is not the predicted one */
  readonly surprising?: boolean;
}

export const importSortFields = ['cluster', 'finishedAt'] as const;
export type ImportSortField = (typeof importSortFields)[number];

/** Of one failover, by state and by outcome; only what is there. */
export interface ImportCounts {
  readonly total: number;
  readonly byState: Readonly<Partial<Record<ImportState, number>>>;
  readonly byOutcome: Readonly<Partial<Record<ImportOutcomeCode, number>>>;
}
