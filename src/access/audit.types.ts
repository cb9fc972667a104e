import type { Acting, Correlation } from '../common/acting.js';

/** What was done, to be put on record. */
export interface AuditRecord {
  /** e.g. `hub.register`, `plan.create`, `failover.start` */
  readonly action: string;
  /** e.g. `hub/<id>` */
  readonly subject: string;
  readonly by: Acting;
  /** JSON; never a secret */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** One line of the audit record; never changed, never removed. */
export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly correlation: Correlation | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditFilter {
  readonly subject?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly correlationId?: string;
  readonly correlationNumber?: string;
}

export const auditSortFields = ['at'] as const;
export type AuditSortField = (typeof auditSortFields)[number];
