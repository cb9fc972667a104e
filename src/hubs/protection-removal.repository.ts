import { Injectable } from '@nestjs/common';
import type { Acting } from '../common/acting.js';
import type { ListRequest, Page } from '../common/paging.js';
import { violates } from '../database/constraint.js';
import type { Prisma, ProtectionRemoval as RemovalRow } from '../database/generated/client.js';
import { keysetPage, sqlKeysetPages } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import { RemovalInProgressError } from './protection-removal.errors.js';
import type {
  ProtectionRemoval, RemovalAction, RemovalConsequences, RemovalItem, RemovalItemFilter, RemovalOutcome, RemovalPlan, RemovalProgress, RemovalStatus,
} from './protection-removal.types.js';

/** One that is to be tried now. */
export interface ClaimedItem extends RemovalItem {
  /** It was tried before, and nobody knows what came of it */
  readonly triedBefore: boolean;
}

export interface ItemResult {
  readonly position: number;
  readonly outcome: RemovalOutcome;
  readonly detail: string | null;
}

const COLUMNS = `position, kind, namespace, name, uid, resource_version AS "resourceVersion", action, why, attempted_at AS "attemptedAt", outcome, detail, outcome_at AS "outcomeAt"`;

/** What is taken off hubs, object by object, and what came of it; and what a removal means for the backup sets. */
@Injectable()
export class ProtectionRemovalRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  /**
   * Writes nothing to the hub any more, and what is to be removed down, in one step.
   * @returns its id. @throws RemovalInProgressError
   */
  async begin(plan: RemovalPlan, by: Acting, at: Date): Promise<string> {
    const { system = null, id = null, number = null, url = null } = by.correlation ?? {};
    try {
      return await this.sql.transaction(async (sql) => {
        await sql.execute(`UPDATE hub SET policy = 'OBSERVE', version = version + 1, updated_at = $2 WHERE id = $1 AND removed_at IS NULL`, [plan.hubId, at]);
        const [row] = await sql.query<{ id: string }>(
          `INSERT INTO protection_removal (id, hub_id, status, list_hash, actor, reason, correlation_system, correlation_id, correlation_number, correlation_url, created_at)
           VALUES (gen_random_uuid(), $1, 'RUNNING', $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
          [plan.hubId, plan.confirm, by.actor, by.reason ?? '', system, id, number, url, at],
        );
        const removalId = row?.id ?? '';
        const items = plan.targets.map((target, index) => ({ ...target, position: index + 1 }));
        await sql.execute(
          `INSERT INTO protection_removal_item (removal_id, position, kind, namespace, name, uid, resource_version, action, why)
           SELECT $1::uuid, position, kind, namespace, name, uid, "resourceVersion", action, why
           FROM jsonb_to_recordset($2::jsonb) AS told (position int, kind text, namespace text, name text, uid text, "resourceVersion" text, action text, why text)`,
          [removalId, JSON.stringify(items)],
        );
        return removalId;
      });
    } catch (cause) {
      if (violates(cause, 'one_open_removal_per_hub')) throw new RemovalInProgressError(plan.hubId, { cause });
      throw cause;
    }
  }

  async find(id: string): Promise<ProtectionRemoval | null> {
    const row = await this.prisma.protectionRemoval.findUnique({ where: { id } });
    return row === null ? null : toRemoval(row, (await this.progress([id])).get(id));
  }

  /** Newest first. */
  async list(filter: { readonly hubId?: string }, page: ListRequest): Promise<Page<ProtectionRemoval>> {
    const where: Prisma.ProtectionRemovalWhereInput = filter.hubId === undefined ? {} : { hubId: filter.hubId };
    const found = await keysetPage<RemovalRow, Prisma.ProtectionRemovalWhereInput, Prisma.ProtectionRemovalOrderByWithRelationInput>({
      list: 'protection-removals',
      filter,
      sort: [{ field: 'createdAt', direction: 'DESC' }, { field: 'id', direction: 'DESC' }],
      page,
      find: (keyset) => this.prisma.protectionRemoval.findMany({ ...keyset, where: { AND: [where, keyset.where] } }),
      count: () => this.prisma.protectionRemoval.count({ where }),
    });
    const progress = await this.progress(found.items.map(({ id }) => id));
    return { ...found, items: found.items.map((row) => toRemoval(row, progress.get(row.id))) };
  }

  /** In the order of the work, of each removal; in the order of the ids. */
  itemsOf(removalIds: readonly string[], { outcome, open }: RemovalItemFilter, page: ListRequest): Promise<(Page<RemovalItem> | Error)[]> {
    return sqlKeysetPages<RemovalItem>(this.sql, {
      list: 'protection-removal-items', owners: removalIds, filterOf: (removalId) => ({ removalId, outcome, open }), page,
      sort: [{ field: 'position', direction: 'ASC' }],
      columns: COLUMNS,
      from: 'protection_removal_item WHERE removal_id = owner.id AND ($2::text IS NULL OR outcome = $2) AND ($3::bool IS NULL OR (outcome IS NULL) = $3)', values: [outcome ?? null, open ?? null],
    });
  }

  /** Ids of those that have not ended; of one hub where given. */
  async open(hubId?: string): Promise<string[]> {
    return (await this.prisma.protectionRemoval.findMany({ where: { status: 'RUNNING', ...(hubId === undefined ? {} : { hubId }) }, select: { id: true } })).map(({ id }) => id);
  }

  /** The next ones without an outcome, those that failed before come last; marked as tried before they are. None of a removal that has ended. */
  async claim(removalId: string, actions: readonly RemovalAction[], limit: number, now: Date): Promise<ClaimedItem[]> {
    const rows = await this.sql.query<ClaimedItem>(
      `WITH next AS (
         SELECT position AS at, attempted_at IS NOT NULL AS tried FROM protection_removal_item
         WHERE removal_id = $1 AND outcome IS NULL AND action = ANY($2::text[]) AND EXISTS (SELECT 1 FROM protection_removal WHERE id = $1 AND status = 'RUNNING')
         ORDER BY attempted_at NULLS FIRST, position LIMIT $3)
       UPDATE protection_removal_item AS item SET attempted_at = $4 FROM next WHERE removal_id = $1 AND position = next.at RETURNING ${COLUMNS}, next.tried AS "triedBefore"`,
      [removalId, [...actions], limit, now],
    );
    return rows.sort((a, b) => a.position - b.position);
  }

  /** The first word on an item stays. */
  async record(removalId: string, results: readonly ItemResult[], at: Date): Promise<void> {
    await this.sql.execute(
      `UPDATE protection_removal_item AS item SET outcome = told.outcome, detail = told.detail, outcome_at = $3
       FROM jsonb_to_recordset($2::jsonb) AS told (position int, outcome text, detail text) WHERE removal_id = $1 AND item.position = told.position AND item.outcome IS NULL`,
      [removalId, JSON.stringify(results), at],
    );
  }

  async waits(removalId: string, errorCode: string | null): Promise<void> {
    await this.prisma.protectionRemoval.updateMany({ where: { id: removalId, status: 'RUNNING' }, data: { lastErrorCode: errorCode } });
  }

  /** @returns whether it was the one that ended it */
  async finish(removalId: string, remaining: number, at: Date): Promise<boolean> {
    const { count } = await this.prisma.protectionRemoval.updateMany({ where: { id: removalId, status: 'RUNNING' }, data: { status: 'DONE', remaining, finishedAt: at, lastErrorCode: null } });
    return count > 0;
  }

  /** What came of the accounts of one removal: `namespace/name` to outcome and when. */
  async accountOutcomes(removalId: string): Promise<Map<string, { readonly outcome: RemovalOutcome; readonly at: Date | null }>> {
    const rows = await this.prisma.protectionRemovalItem.findMany({ where: { removalId, kind: 'ManagedServiceAccount', outcome: { not: null } }, select: { namespace: true, name: true, outcome: true, outcomeAt: true } });
    return new Map(rows.map(({ namespace, name, outcome, outcomeAt }) => [`${namespace}/${name}`, { outcome: outcome as RemovalOutcome, at: outcomeAt }]));
  }

  /** The hub's BackupSchedules, as last read. */
  async schedules(hubId: string): Promise<BackupScheduleFacts[]> {
    const rows = await this.prisma.hubObject.findMany({ where: { hubId, kind: 'BACKUP_SCHEDULE' }, select: { facts: true }, orderBy: { name: 'asc' } });
    return rows.map(({ facts }) => facts as unknown as BackupScheduleFacts);
  }

  /** The newest complete set of the hub that has not ended, and until when its token of each cluster brings that one back; the latest first. */
  async lastSet(hubId: string, now: Date): Promise<{ readonly set: NonNullable<RemovalConsequences['lastSet']>; readonly until: ReadonlyMap<string, Date | null> } | null> {
    const [set] = await this.sql.query<NonNullable<RemovalConsequences['lastSet']>>(
      `SELECT id, credentials_backup AS "credentialsBackup", started_at AS "startedAt", expires_at AS "expiresAt" FROM backup_set
       WHERE owner_cluster_id = (SELECT cluster_id FROM hub WHERE id = $1) AND status = 'COMPLETE' AND (expires_at IS NULL OR expires_at > $2) ORDER BY started_at DESC NULLS LAST LIMIT 1`,
      [hubId, now],
    );
    if (set === undefined) return null;
    const rows = await this.sql.query<{ cluster: string; until: Date | null }>(
      `SELECT cluster, LEAST(max(token.expires_at), $2::timestamptz) AS until FROM backup_set_token AS token WHERE set_id = $1 AND belief IN ('VERIFIED_IN', 'INFERRED_IN') AND (expires_at IS NULL OR expires_at > $3)
       GROUP BY cluster`,
      [set.id, set.expiresAt, now],
    );
    return { set, until: new Map(rows.map(({ cluster, until }) => [cluster, until])) };
  }

  private async progress(ids: readonly string[]): Promise<Map<string, RemovalProgress>> {
    const rows = await this.sql.query<{ id: string; outcome: RemovalOutcome | null; count: number }>(
      `SELECT removal_id AS id, outcome, count(*)::int AS count FROM protection_removal_item WHERE removal_id = ANY($1::uuid[]) GROUP BY 1, 2`,
      [[...ids]],
    );
    const of = Map.groupBy(rows, ({ id }) => id);
    return new Map([...of].map(([id, counts]) => [id, {
      total: counts.reduce((sum, { count }) => sum + count, 0),
      open: counts.find(({ outcome }) => outcome === null)?.count ?? 0,
      byOutcome: Object.fromEntries(counts.flatMap(({ outcome, count }) => (outcome === null ? [] : [[outcome, count]]))),
    }]));
  }
}

const NOTHING: RemovalProgress = { total: 0, open: 0, byOutcome: {} };

function toRemoval(row: RemovalRow, progress: RemovalProgress = NOTHING): ProtectionRemoval {
  const { correlationSystem: system, correlationId, correlationNumber: number, correlationUrl: url, listHash: _, ...rest } = row;
  const correlation = { ...(system === null ? {} : { system }), ...(correlationId === null ? {} : { id: correlationId }), ...(number === null ? {} : { number }), ...(url === null ? {} : { url }) };
  return { ...rest, status: row.status as RemovalStatus, correlation: Object.keys(correlation).length === 0 ? null : correlation, progress };
}
