import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { correlationView, instant, listQuery } from '../api/schemas.js';
import { iso, toCorrelationView } from '../api/view.js';
import { auditSortFields, type AuditEntry } from './audit.types.js';

const auditEntryView = z
  .object({
    id: z.string(),
    at: instant,
    actor: z.string().describe('Id of an API key, or `system`'),
    action: z.string(),
    subject: z.string().describe('e.g. `hub/<id>`'),
    reason: z.string().nullable(),
    correlation: correlationView.nullable(),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry', description: 'Who did what, when and why; never changed, never removed' });
export type AuditEntryView = z.infer<typeof auditEntryView>;

export const toAuditEntryView = (entry: AuditEntry): AuditEntryView => ({
  id: entry.id,
  at: iso(entry.at),
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  reason: entry.reason,
  correlation: toCorrelationView(entry.correlation),
  details: { ...entry.details },
});

const word = z.string().trim().min(1).max(255).optional();
const auditFilter = { subject: word.describe('Exact, e.g. `hub/<id>`'), actor: word, action: word, correlationId: word, correlationNumber: word };
const auditSort = { fields: auditSortFields, fallback: '-at' } as const;
export const auditQuery = listQuery(auditFilter, auditSort);
export const auditPage = pageOf(auditEntryView);

const AuditEntryModel = objectType(auditEntryView);
export const AuditEntryConnection = connectionType(AuditEntryModel);
export const auditArguments = listArguments('AuditEntry', auditFilter, auditSort);
