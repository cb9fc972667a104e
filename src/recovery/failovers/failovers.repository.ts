import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Correlation } from '../../common/acting.js';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import { violates } from '../../database/constraint.js';
import type { Failover as FailoverRow, FailoverApproval, FailoverHub, FailoverStep as StepRow, Prisma } from '../../database/generated/client.js';
import { keysetPage } from '../../database/keyset.js';
import { LeaseLostError } from '../../database/lease.errors.js';
import type { HeldLease } from '../../database/lease.service.js';
import { PrismaService } from '../../database/prisma.service.js';
import { Sql, type SqlRunner } from '../../database/sql.js';
import type { Fencing } from '../../hubs/hubs.types.js';
import type { ImportCounts, ImportOutcomeCode, ImportState } from '../imports/imports.types.js';
import type { RestoreMode, RestoreOutcome } from '../restores/restores.types.js';
import { veleroRestoresFromJson } from '../restores/stored-restore.rules.js';
import { isTerminal, mayGo, steps } from './failover-transitions.rules.js';
import type { ImportRow, ImportUpdate, MachineFailover, MachineWrite, NewImport, Note, RestoreWrite } from './failover-machine.types.js';
import { AlreadyDecidedError, ApproverIsRequesterError, FailoverNotFoundError, HubBusyError } from './failovers.errors.js';
import type {
  Approval, ApprovalDecision, Failover, FailoverEvent, FailoverFilter, FailoverKind, FailoverProblem, FailoverSortField, FailoverStatus, FailoverStep, FailoverStepName, PinnedContent, StepFacts, StepResult,
} from './failovers.types.js';

const MACHINE = 'system';

type Row = FailoverRow & { hubs: FailoverHub[] };
const WITH_HUBS = { hubs: true } as const;
const WITH_ALL = {
  hubs: true, steps: true, approvals: { orderBy: { decidedAt: 'asc' } },
  plan: { select: { version: true, archivedAt: true, approvalRequired: true, importWindowSeconds: true, name: true } },
  restores: true,
} as const satisfies Prisma.FailoverInclude;
type FullRow = Prisma.FailoverGetPayload<{ include: typeof WITH_ALL }>;

export interface NewFailover {
  /** Absent: one by chance */
  readonly id?: string;
  readonly planId: string;
  readonly kind: FailoverKind;
  readonly sourceHubId: string;
  readonly targetHubId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly correlation: Correlation | null;
}

/** What a caller changes, decided on the locked row. */
export interface CallerChange {
  readonly to?: FailoverStatus;
  readonly clear?: boolean;
  readonly note: Note;
}

export interface LockedFailover {
  readonly status: FailoverStatus;
  readonly contentHash: string | null;
  readonly requestedBy: string;
  readonly needsAttention: boolean;
  /** Steps whose intent is written */
  readonly intended: ReadonlySet<string>;
}

/**
 * The tables of a failover. The machine writes under its lease: each of its transactions makes sure that no later claim was made, and
 * that the state is still the one it decided on. Callers' writes lock the failover's row, so the two never cross.
 */
@Injectable()
export class FailoversRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  /** @throws HubBusyError */
  /** @throws HubBusyError; with an id that exists nothing is written */
  async create(input: NewFailover, now: Date): Promise<string> {
    const { sourceHubId, targetHubId, correlation, ...rest } = input;
    const hubs = [{ hubId: sourceHubId, role: 'SOURCE', open: true }, { hubId: targetHubId, role: 'TARGET', open: true }];
    const started = { sequence: 1, type: 'failover.started', summary: `Failover requested by ${input.requestedBy}: ${input.reason}`, data: {}, actor: input.requestedBy, at: now };
    const data: Prisma.FailoverUncheckedCreateInput = {
      ...rest, status: 'PREFLIGHT', createdAt: now, nextLookAt: now,
      correlationSystem: correlation?.system, correlationId: correlation?.id, correlationNumber: correlation?.number, correlationUrl: correlation?.url,
      hubs: { create: hubs }, events: { create: [started] },
    };
    try {
      return (await this.prisma.failover.create({ data, select: { id: true } })).id;
    } catch (cause) {
      if (input.id !== undefined && violates(cause, 'failover_pkey')) return input.id;
      if (violates(cause, 'one_open_failover_per_hub')) throw new HubBusyError(sourceHubId, targetHubId, { cause });
      throw cause;
    }
  }

  async find(failoverId: string): Promise<Failover | null> {
    const row = await this.prisma.failover.findUnique({ where: { id: failoverId }, include: WITH_HUBS });
    return row && toFailover(row);
  }

  async list(filter: FailoverFilter, sort: Sort<FailoverSortField>, page: ListRequest): Promise<Page<Failover>> {
    const own: Prisma.FailoverWhereInput = {
      planId: filter.planId, correlationId: filter.correlationId, correlationNumber: filter.correlationNumber,
      ...(filter.status === undefined ? {} : { status: { in: [...filter.status] } }),
      ...(filter.hubId === undefined ? {} : { hubs: { some: { hubId: filter.hubId } } }),
    };
    const found = await keysetPage<Row, Prisma.FailoverWhereInput, Prisma.FailoverOrderByWithRelationInput>({
      list: 'failovers',
      filter,
      sort: [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: sort.direction }],
      page,
      find: (keyset) => this.prisma.failover.findMany({ where: { AND: [own, keyset.where] }, orderBy: keyset.orderBy, take: keyset.take, include: WITH_HUBS }),
      count: () => this.prisma.failover.count({ where: own }),
    });
    return { ...found, items: found.items.map(toFailover) };
  }

  /** A failover with all that its steps decide on. @throws FailoverNotFoundError */
  async load(failoverId: string): Promise<MachineFailover> {
    const [failover] = await this.loadMany([failoverId]);
    if (failover === undefined) throw new FailoverNotFoundError(failoverId);
    return failover;
  }

  /** The same of several, in any order; those that there are. */
  async loadMany(failoverIds: readonly string[]): Promise<MachineFailover[]> {
    const rows = await this.prisma.failover.findMany({ where: { id: { in: [...failoverIds] } }, include: WITH_ALL });
    const hubs = await this.prisma.hub.findMany({ where: { id: { in: rows.flatMap((row) => row.hubs.map(({ hubId }) => hubId)) } }, select: { id: true, name: true, clusterId: true, fencing: true } });
    const byId = new Map(hubs.map((hub) => [hub.id, { ...hub, fencing: hub.fencing as Fencing }]));
    return rows.map((row) => toMachineFailover(row, byId)).filter((failover) => failover !== null);
  }

  /** Those that somebody should look at by now. */
  async due(now: Date): Promise<string[]> {
    const rows = await this.prisma.failover.findMany({ where: { nextLookAt: { lte: now }, needsAttention: false }, select: { id: true }, orderBy: { nextLookAt: 'asc' }, take: 100 });
    return rows.map((row) => row.id);
  }

  events(failoverId: string, after: number, limit: number): Promise<FailoverEvent[]> {
    return this.eventsOf([failoverId], after, limit);
  }

  /** Of each failover, oldest first. @param limit for each */
  eventsOf(failoverIds: readonly string[], after: number, limit: number): Promise<FailoverEvent[]> {
    return this.sql.query<FailoverEvent>(
      `SELECT event.* FROM unnest($1::uuid[]) AS failover (id), LATERAL (
         SELECT failover_id AS "failoverId", sequence, type, summary, data, actor, at FROM failover_event WHERE failover_id = failover.id AND sequence > $2 ORDER BY sequence LIMIT $3
       ) AS event`, [failoverIds, after, limit]);
  }

  /** Sequences have no gaps: the last one is the count. */
  async eventCounts(failoverIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.prisma.failoverEvent.groupBy({ by: ['failoverId'], where: { failoverId: { in: [...failoverIds] } }, _max: { sequence: true } });
    return new Map(rows.map(({ failoverId, _max }) => [failoverId, _max.sequence ?? 0]));
  }

  imports(failoverId: string): Promise<ImportRow[]> {
    return this.prisma.import.findMany({ where: { failoverId }, orderBy: { cluster: 'asc' } }) as Promise<ImportRow[]>;
  }

  async importCounts(failoverIds: readonly string[]): Promise<Map<string, ImportCounts>> {
    const rows = await this.prisma.import.groupBy({ by: ['failoverId', 'state', 'outcomeCode'], where: { failoverId: { in: [...failoverIds] } }, _count: { _all: true } });
    return new Map(failoverIds.map((id) => [id, countsOf(rows.filter((row) => row.failoverId === id).map((row) => ({ ...row, count: row._count._all })))]));
  }

  /** Names of the source's clusters that a failover moves: all but its own. */
  async clustersOf(hubId: string): Promise<string[]> {
    const rows = await this.prisma.managedCluster.findMany({ where: { hubId, origin: { not: 'LOCAL' } }, select: { name: true }, orderBy: { name: 'asc' } });
    return rows.map((row) => row.name);
  }

  knownClusters(hubId: string): Promise<{ name: string; openshiftId: string | null; origin: string }[]> {
    return this.prisma.managedCluster.findMany({ where: { hubId }, select: { name: true, openshiftId: true, origin: true } });
  }

  /** Sets of a hub, newest first. */
  sets(ownerClusterId: string) {
    return this.prisma.backupSet.findMany({ where: { ownerClusterId, OR: [{ startedAt: { not: null } }, { managedClustersStartedAt: { not: null } }] }, orderBy: { startedAt: 'desc' }, take: 1000 });
  }

  /** Hubs that a failover left behind unfenced, with the last failover that moved their clusters. */
  async unfencedSources(): Promise<{ hubId: string; fencing: Fencing; failoverId: string; status: FailoverStatus }[]> {
    const hubs = await this.prisma.hub.findMany({
      where: { removedAt: null, fencing: { in: ['NOT_POSSIBLE', 'RETURNED_UNFENCED'] } },
      select: { id: true, fencing: true, failovers: { where: { role: 'SOURCE' }, orderBy: { failover: { createdAt: 'desc' } }, take: 1, select: { failover: { select: { id: true, status: true } } } } },
    });
    return hubs.flatMap(({ id, fencing, failovers }) =>
      failovers.map(({ failover }) => ({ hubId: id, fencing: fencing as Fencing, failoverId: failover.id, status: failover.status as FailoverStatus })));
  }

  /** Outside of the steps: what became of a source after its failover. Under a lease of its own. */
  async fenceAfterwards(lease: HeldLease, failoverId: string, hubId: string, from: Fencing, to: Fencing, note: Note, now: Date): Promise<void> {
    await this.sql.transaction(async (sql) => {
      await sql.query('SELECT 1 FROM failover WHERE id = $1 FOR UPDATE', [failoverId]);
      const changed = await sql.execute(`UPDATE hub SET fencing = $3, fencing_changed_at = $4 WHERE id = $1 AND fencing = $2 AND ${lease.guard(5).text}`, [hubId, from, to, now, ...lease.guard(5).values]);
      if (changed > 0) await append(sql, failoverId, [note], now);
    });
  }

  /**
   * The beginning of a pass: counts it, so that a step that takes its workers down is noticed.
   * @returns the intent if there is one, and how many passes before this one never came to an end
   * @throws LeaseLostError where the state is another by now
   */
  async enter(lease: HeldLease, failoverId: string, status: FailoverStepName): Promise<{ intent: StepFacts | null; crashes: number }> {
    return this.sql.transaction(async (sql) => {
      await lock(sql, lease, failoverId, status);
      const [row] = await sql.query<{ intent: StepFacts | null; attempts: number }>(ENTER, [failoverId, status, steps.indexOf(status) + 1, lease.epoch]);
      return { intent: row?.intent ?? null, crashes: (row?.attempts ?? 1) - 1 };
    });
  }

  /** @throws LeaseLostError where this worker has been overtaken, or the state is another by now */
  async write(lease: HeldLease, failoverId: string, status: FailoverStatus, write: MachineWrite, now: Date): Promise<void> {
    if (write.to !== undefined && !mayGo(status, write.to)) throw new Error(`A failover does not go from ${status} to ${write.to}`);
    await this.sql.transaction(async (sql) => {
      await lock(sql, lease, failoverId, status);
      if (write.step !== undefined && !isTerminal(status)) await writeStep(sql, lease, failoverId, status, write.step, now);
      if (write.predictions !== undefined) await sql.execute('DELETE FROM import WHERE failover_id = $1', [failoverId]);
      await insertImports(sql, failoverId, [...(write.predictions ?? []), ...(write.newImports ?? [])], now);
      await updateImports(sql, failoverId, write.imports ?? []);
      if (write.restore !== undefined) await writeRestore(sql, failoverId, write.restore);
      if (write.fencing !== undefined) await sql.execute('UPDATE hub SET fencing = $2, fencing_changed_at = $3 WHERE id = $1', [write.fencing.hubId, write.fencing.to, now]);
      await writeFailover(sql, failoverId, write, now);
      await append(sql, failoverId, write.notes ?? [], now);
    });
  }

  /**
   * A caller's change, decided on the locked row: the machine stands still meanwhile.
   * @param decide throws where the change is refused
   * @throws FailoverNotFoundError
   */
  async byCaller(failoverId: string, now: Date, decide: (locked: LockedFailover) => CallerChange): Promise<void> {
    await this.sql.transaction(async (sql) => {
      const change = decide(await lockForCaller(sql, failoverId));
      await applyCallerChange(sql, failoverId, change, now);
    });
  }

  /** @throws FailoverNotFoundError, ApproverIsRequesterError, AlreadyDecidedError, what `check` throws */
  async decide(failoverId: string, decision: Omit<Approval, 'id' | 'valid' | 'contentHash'>, now: Date, check: (locked: LockedFailover) => CallerChange): Promise<void> {
    try {
      await this.sql.transaction(async (sql) => {
        const locked = await lockForCaller(sql, failoverId);
        const change = check(locked);
        await sql.execute(INSERT_APPROVAL, [
          randomUUID(), failoverId, decision.decision, decision.decidedBy, locked.requestedBy, decision.reason, decision.evidence === null ? null : JSON.stringify(decision.evidence), locked.contentHash ?? '', now,
        ]);
        await applyCallerChange(sql, failoverId, change, now);
      });
    } catch (cause) {
      if (violates(cause, 'approver_is_not_requester')) throw new ApproverIsRequesterError(failoverId, decision.decidedBy, { cause });
      if (violates(cause, 'one_decision_per_person')) throw new AlreadyDecidedError(failoverId, decision.decidedBy, { cause });
      throw cause;
    }
  }

  /** The import begins anew, with this address. @returns false: refused, or there is no such import that could */
  async reopenImport(failoverId: string, cluster: string, apiUrl: string, now: Date, decide: (locked: LockedFailover) => CallerChange | null): Promise<boolean> {
    return this.sql.transaction(async (sql) => {
      const change = decide(await lockForCaller(sql, failoverId));
      if (change === null) return false;
      const changed = await sql.execute(REOPEN_IMPORT, [failoverId, cluster, apiUrl, now]);
      if (changed === 0) return false;
      await applyCallerChange(sql, failoverId, change, now);
      return true;
    });
  }
}

const ENTER = `
  INSERT INTO failover_step AS held (failover_id, step, position, attempts, epoch) VALUES ($1, $2, $3, 1, $4)
  ON CONFLICT (failover_id, step) DO UPDATE SET attempts = held.attempts + 1, epoch = $4,
    intent = CASE WHEN held.result IS NULL THEN held.intent END, intent_at = CASE WHEN held.result IS NULL THEN held.intent_at END,
    outcome = CASE WHEN held.result IS NULL THEN held.outcome END, outcome_at = NULL, result = NULL
  RETURNING intent, attempts`;
const WRITE_STEP = `
  UPDATE failover_step SET epoch = $3,
    intent = CASE WHEN $4 THEN $5::jsonb ELSE intent END,
    intent_at = CASE WHEN NOT $4 THEN intent_at WHEN $5::jsonb IS NULL THEN NULL ELSE $9::timestamptz END,
    outcome = coalesce($6::jsonb, outcome), result = coalesce($7, result),
    outcome_at = CASE WHEN $7::text IS NULL THEN outcome_at ELSE $9::timestamptz END, attempts = CASE WHEN $8 THEN 0 ELSE attempts END
  WHERE failover_id = $1 AND step = $2`;
const WRITE_FAILOVER = `
  UPDATE failover SET version = version + 1, status = coalesce($2, status),
    pinned = coalesce($3::jsonb, pinned), content_hash = coalesce($4, content_hash), set_id = coalesce($5::uuid, set_id), approved_at = coalesce($6::timestamptz, approved_at),
    problem = CASE WHEN $7 THEN $8::jsonb ELSE problem END, needs_attention = coalesce($9, needs_attention),
    next_look_at = CASE WHEN $10 THEN $11::timestamptz ELSE next_look_at END, finished_at = CASE WHEN $12 THEN $13::timestamptz ELSE finished_at END
  WHERE id = $1`;
const APPEND = `
  INSERT INTO failover_event (failover_id, sequence, type, summary, data, actor, at)
  SELECT $1, (SELECT coalesce(max(sequence), 0) FROM failover_event WHERE failover_id = $1) + note.position, note.type, note.summary, note.data, note.actor, $3
  FROM jsonb_to_recordset($2::jsonb) AS note (position int, type text, summary text, data jsonb, actor text)`;
const INSERT_APPROVAL = `
  INSERT INTO failover_approval (id, failover_id, decision, decided_by, requested_by, reason, evidence, content_hash, decided_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9)`;
const INSERT_IMPORTS = `
  INSERT INTO import (failover_id, cluster, origin, predicted_verdict, predicted_code, known_before, state, outcome_code, finished_at)
  SELECT $1, row.cluster, row.origin, row.predicted_verdict, row.predicted_code, row.known_before,
    CASE WHEN row.origin = 'IMPORTED' THEN 'WAITING' ELSE 'NOT_NEEDED' END, CASE WHEN row.origin = 'IMPORTED' THEN NULL ELSE 'NOT_NEEDED' END,
    CASE WHEN row.origin = 'IMPORTED' THEN NULL ELSE $3::timestamptz END
  FROM jsonb_to_recordset($2::jsonb) AS row (cluster text, origin text, predicted_verdict text, predicted_code text, known_before boolean)
  ON CONFLICT DO NOTHING`;
const UPDATE_IMPORTS = `
  UPDATE import SET state = row.state, outcome_code = row.outcome_code, message = row.message, account = row.account, attempts = row.attempts,
    next_attempt_at = row.next_attempt_at, first_attempt_at = row.first_attempt_at, finished_at = row.finished_at
  FROM jsonb_to_recordset($2::jsonb) AS row (cluster text, state text, outcome_code text, message text, account text, attempts int, next_attempt_at timestamptz,
    first_attempt_at timestamptz, finished_at timestamptz)
  WHERE import.failover_id = $1 AND import.cluster = row.cluster`;
const REOPEN_IMPORT = `
  UPDATE import SET supplied_api_url = $3, state = 'WAITING', outcome_code = NULL, message = NULL, attempts = 0, first_attempt_at = NULL, next_attempt_at = $4, finished_at = NULL
  WHERE failover_id = $1 AND cluster = $2 AND state NOT IN ('RECONNECTED', 'NOT_NEEDED')`;
const WRITE_RESTORE = `
  INSERT INTO restore (id, failover_id, hub_id, name, uid, mode, spec, phase, last_message, messages, velero_restores, actor, reason, requested_at, started_at, completed_at, outcome)
  VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10::jsonb, $11::jsonb, $12, $13, $14, $15, $16, $17)
  ON CONFLICT (failover_id) DO UPDATE SET uid = coalesce(excluded.uid, restore.uid), phase = excluded.phase, last_message = excluded.last_message, messages = excluded.messages,
    velero_restores = excluded.velero_restores, started_at = coalesce(restore.started_at, excluded.started_at), completed_at = excluded.completed_at, outcome = excluded.outcome`;

/** The failover's row, in the state that was decided on, with no later claim than ours. */
async function lock(sql: SqlRunner, lease: HeldLease, failoverId: string, status: FailoverStatus): Promise<void> {
  lease.assertHeld();
  const guard = lease.guard(3);
  const rows = await sql.query(`SELECT 1 FROM failover WHERE id = $1 AND status = $2 AND ${guard.text} FOR UPDATE`, [failoverId, status, ...guard.values]);
  if (rows.length === 0) throw new LeaseLostError(lease.key, lease.epoch);
}

async function lockForCaller(sql: SqlRunner, failoverId: string): Promise<LockedFailover> {
  const [row] = await sql.query<Omit<LockedFailover, 'intended'>>(
    'SELECT status, content_hash AS "contentHash", requested_by AS "requestedBy", needs_attention AS "needsAttention" FROM failover WHERE id = $1 FOR UPDATE', [failoverId]);
  if (row === undefined) throw new FailoverNotFoundError(failoverId);
  const intended = await sql.query<{ step: string }>('SELECT step FROM failover_step WHERE failover_id = $1 AND intent IS NOT NULL', [failoverId]);
  return { ...row, intended: new Set(intended.map(({ step }) => step)) };
}

async function applyCallerChange(sql: SqlRunner, failoverId: string, change: CallerChange, now: Date): Promise<void> {
  const set = change.clear === true ? { problem: null, needsAttention: false } : {};
  const isOver = change.to !== undefined && isTerminal(change.to);
  if (change.clear === true) await sql.execute('UPDATE failover_step SET attempts = 0 WHERE failover_id = $1', [failoverId]);
  await writeFailover(sql, failoverId, { ...(change.to === undefined ? {} : { to: change.to }), set, nextLookAt: isOver ? null : now }, now);
  await append(sql, failoverId, [change.note], now);
}

async function writeStep(sql: SqlRunner, lease: HeldLease, failoverId: string, status: FailoverStatus, step: NonNullable<MachineWrite['step']>, now: Date): Promise<void> {
  const json = (facts: StepFacts | null | undefined) => (facts === undefined || facts === null ? null : JSON.stringify(facts));
  await sql.execute(WRITE_STEP, [failoverId, status, lease.epoch, step.intent !== undefined, json(step.intent), json(step.outcome), step.result ?? null, step.over === true, now]);
}

async function writeFailover(sql: SqlRunner, failoverId: string, write: MachineWrite, now: Date): Promise<void> {
  const { to, set = {} } = write;
  const isOver = to !== undefined && isTerminal(to);
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
  await sql.execute(WRITE_FAILOVER, [
    failoverId, to ?? null, json(set.pinned), set.contentHash ?? null, set.setId ?? null, set.approvedAt ?? null, set.problem !== undefined, json(set.problem), set.needsAttention ?? null,
    write.nextLookAt !== undefined, write.nextLookAt ?? null, isOver, now,
  ]);
  if (isOver) await sql.execute('UPDATE failover_hub SET open = false WHERE failover_id = $1', [failoverId]);
}

async function append(sql: SqlRunner, failoverId: string, notes: readonly Note[], now: Date): Promise<void> {
  if (notes.length === 0) return;
  const rows = notes.map((note, index) => ({ position: index + 1, type: note.type, summary: note.summary, data: note.data ?? {}, actor: note.actor ?? MACHINE }));
  await sql.execute(APPEND, [failoverId, JSON.stringify(rows), now]);
}

async function insertImports(sql: SqlRunner, failoverId: string, imports: readonly NewImport[], now: Date): Promise<void> {
  if (imports.length === 0) return;
  const rows = imports.map((one) => ({ cluster: one.cluster, origin: one.origin, predicted_verdict: one.predictedVerdict, predicted_code: one.predictedCode, known_before: one.knownBefore }));
  await sql.execute(INSERT_IMPORTS, [failoverId, JSON.stringify(rows), now]);
}

async function updateImports(sql: SqlRunner, failoverId: string, imports: readonly ImportUpdate[]): Promise<void> {
  if (imports.length === 0) return;
  const rows = imports.map((one) => ({
    cluster: one.cluster, state: one.state, outcome_code: one.outcomeCode, message: one.message, account: one.account, attempts: one.attempts,
    next_attempt_at: one.nextAttemptAt, first_attempt_at: one.firstAttemptAt, finished_at: one.finishedAt,
  }));
  await sql.execute(UPDATE_IMPORTS, [failoverId, JSON.stringify(rows)]);
}

async function writeRestore(sql: SqlRunner, failoverId: string, restore: RestoreWrite): Promise<void> {
  await sql.execute(WRITE_RESTORE, [
    randomUUID(), failoverId, restore.hubId, restore.name, restore.uid, restore.mode, JSON.stringify(restore.spec), restore.phase, restore.lastMessage, JSON.stringify(restore.messages),
    JSON.stringify(restore.veleroRestores), restore.actor, restore.reason, restore.requestedAt, restore.startedAt, restore.completedAt, restore.outcome,
  ]);
}

function toMachineFailover(row: FullRow, hubs: ReadonlyMap<string, MachineFailover['source']>): MachineFailover | null {
  const failover = toFailover(row);
  const [source, target] = [hubs.get(failover.sourceHubId), hubs.get(failover.targetHubId)];
  if (source === undefined || target === undefined) return null;
  const [restore] = row.restores;
  return {
    ...failover, plan: row.plan, source, target,
    steps: new Map(row.steps.map((step) => [step.step as FailoverStepName, toStep(step)])),
    approvals: row.approvals.map((approval) => toApproval(approval, failover.contentHash)),
    restore: restore === undefined ? null : {
      ...restore, mode: restore.mode as RestoreMode, spec: restore.spec as Record<string, string | boolean>, messages: restore.messages as string[],
      veleroRestores: veleroRestoresFromJson(restore.veleroRestores), outcome: restore.outcome as RestoreOutcome | null,
    },
  };
}

function toFailover(row: Row): Failover {
  const correlation: Correlation = {
    ...(row.correlationSystem === null ? {} : { system: row.correlationSystem }), ...(row.correlationId === null ? {} : { id: row.correlationId }),
    ...(row.correlationNumber === null ? {} : { number: row.correlationNumber }), ...(row.correlationUrl === null ? {} : { url: row.correlationUrl }),
  };
  return {
    id: row.id, planId: row.planId, kind: row.kind as FailoverKind, status: row.status as FailoverStatus,
    sourceHubId: row.hubs.find((hub) => hub.role === 'SOURCE')?.hubId ?? '', targetHubId: row.hubs.find((hub) => hub.role === 'TARGET')?.hubId ?? '',
    requestedBy: row.requestedBy, reason: row.reason, correlation: Object.keys(correlation).length === 0 ? null : correlation, setId: row.setId, contentHash: row.contentHash,
    pinned: row.pinned as unknown as PinnedContent | null, problem: row.problem as unknown as FailoverProblem | null, needsAttention: row.needsAttention,
    createdAt: row.createdAt, approvedAt: row.approvedAt, finishedAt: row.finishedAt, version: row.version,
  };
}

const toStep = (row: StepRow): FailoverStep => ({
  step: row.step as FailoverStepName, position: row.position, intent: row.intent as StepFacts | null, intentAt: row.intentAt, outcome: row.outcome as StepFacts | null,
  result: row.result as StepResult | null, outcomeAt: row.outcomeAt,
});

const toApproval = (row: FailoverApproval, contentHash: string | null): Approval => ({
  id: row.id, decision: row.decision as ApprovalDecision, decidedBy: row.decidedBy, reason: row.reason, evidence: row.evidence as Approval['evidence'], contentHash: row.contentHash,
  valid: row.contentHash === contentHash, decidedAt: row.decidedAt,
});

function countsOf(rows: readonly { state: string; outcomeCode: string | null; count: number }[]): ImportCounts {
  const byState: Partial<Record<ImportState, number>> = {};
  const byOutcome: Partial<Record<ImportOutcomeCode, number>> = {};
  for (const { state, outcomeCode, count } of rows) {
    byState[state as ImportState] = (byState[state as ImportState] ?? 0) + count;
    if (outcomeCode !== null) byOutcome[outcomeCode as ImportOutcomeCode] = (byOutcome[outcomeCode as ImportOutcomeCode] ?? 0) + count;
  }
  return { total: rows.reduce((total, row) => total + row.count, 0), byState, byOutcome };
}
