/** CREATED: by us, with a fixed name. ACTIVATED: a standing Restore in sync mode. */
export const restoreModes = ['CREATED', 'ACTIVATED'] as const;
export type RestoreMode = (typeof restoreModes)[number];

export const restoreOutcomes = ['SUCCEEDED', 'SUCCEEDED_WITH_ERRORS', 'FAILED'] as const;
export type RestoreOutcome = (typeof restoreOutcomes)[number];

/** One Velero Restore that an ACM Restore made. */
export interface VeleroRestoreFacts {
  readonly name: string;
  readonly backup: string | null;
  readonly phase: string | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly errors: number;
  readonly warnings: number;
}

/** One ACM Restore and what came of it; kept for good. */
export interface RestoreRecord {
  readonly id: string;
  readonly failoverId: string | null;
  readonly hubId: string;
  readonly name: string;
  readonly uid: string | null;
  readonly mode: RestoreMode;
  /** As sent to the hub: what was restored, and how */
  readonly spec: Readonly<Record<string, string | boolean>>;
  /** The hub's own word; it is not trusted alone */
  readonly phase: string | null;
  readonly lastMessage: string | null;
  readonly messages: readonly string[];
  readonly veleroRestores: readonly VeleroRestoreFacts[];
  readonly actor: string;
  readonly reason: string;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  /** null: still running */
  readonly outcome: RestoreOutcome | null;
}

export interface RestoreFilter {
  readonly hubId?: string;
  readonly failoverId?: string;
  readonly outcome?: RestoreOutcome;
}

export const restoreSortFields = ['requestedAt'] as const;
export type RestoreSortField = (typeof restoreSortFields)[number];
