import { z } from 'zod';
import { connectionType, listArguments } from '../../api/connection.js';
import { objectType } from '../../api/graphql-from-zod.js';
import { pageOf } from '../../api/paging.js';
import { id, instant, listQuery } from '../../api/schemas.js';
import { iso, isoOrNull, named } from '../../api/view.js';
import { restoreModes, restoreOutcomes, restoreSortFields, type RestoreRecord, type VeleroRestoreFacts } from './restores.types.js';

export const restoreMode = named('RestoreMode', restoreModes, 'CREATED: by us, with a fixed name. ACTIVATED: a standing Restore in sync mode');
const outcome = named('RestoreOutcome', restoreOutcomes);

const veleroRestore = z
  .object({
    name: z.string(),
    backup: z.string().nullable(),
    phase: z.string().nullable(),
    startedAt: instant.nullable(),
    completedAt: instant.nullable(),
    errors: z.int(),
    warnings: z.int(),
  })
  .meta({ id: 'VeleroRestore' });

const toVeleroRestore = (restore: VeleroRestoreFacts): z.infer<typeof veleroRestore> => ({
  name: restore.name,
  backup: restore.backup,
  phase: restore.phase,
  startedAt: isoOrNull(restore.startedAt),
  completedAt: isoOrNull(restore.completedAt),
  errors: restore.errors,
  warnings: restore.warnings,
});

export const restoreView = z
  .object({
    id,
    failoverId: id.nullable(),
    hubId: id,
    name: z.string(),
    uid: z.string().nullable(),
    mode: restoreMode,
    spec: z.record(z.string(), z.unknown()).describe('As sent to the hub'),
    phase: z.string().nullable().describe('The hub\u2019s own word'),
    lastMessage: z.string().nullable(),
    messages: z.array(z.string()),
    veleroRestores: z.array(veleroRestore),
    actor: z.string(),
    reason: z.string(),
    requestedAt: instant,
    startedAt: instant.nullable(),
    completedAt: instant.nullable(),
    outcome: outcome.nullable().describe('null: still running'),
  })
  .meta({ id: 'Restore', description: 'One RHACM Restore and what came of it; kept for good' });
export type RestoreView = z.infer<typeof restoreView>;

export const toRestoreView = (restore: RestoreRecord): RestoreView => ({
  id: restore.id,
  failoverId: restore.failoverId,
  hubId: restore.hubId,
  name: restore.name,
  uid: restore.uid,
  mode: restore.mode,
  spec: { ...restore.spec },
  phase: restore.phase,
  lastMessage: restore.lastMessage,
  messages: [...restore.messages],
  veleroRestores: restore.veleroRestores.map(toVeleroRestore),
  actor: restore.actor,
  reason: restore.reason,
  requestedAt: iso(restore.requestedAt),
  startedAt: isoOrNull(restore.startedAt),
  completedAt: isoOrNull(restore.completedAt),
  outcome: restore.outcome,
});

const restoreFilter = { hubId: id.optional(), failoverId: id.optional(), outcome: outcome.optional() };
const restoreSort = { fields: restoreSortFields, fallback: '-requestedAt' } as const;
export const restoreQuery = listQuery(restoreFilter, restoreSort);
export const restorePage = pageOf(restoreView);

export const RestoreModel = objectType(restoreView);
export const RestoreConnection = connectionType(RestoreModel);
export const restoreArguments = listArguments('Restore', restoreFilter, restoreSort);
