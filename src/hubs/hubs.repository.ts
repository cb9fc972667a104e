import { Injectable } from '@nestjs/common';
import type { RemedyBy } from '../common/remedy-by.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { violates } from '../database/constraint.js';
import { Prisma } from '../database/generated/client.js';
import type { Hub as HubRow } from '../database/generated/client.js';
import { keysetPage } from '../database/keyset.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import { HubAlreadyRegisteredError, HubNameTakenError, HubNotFoundError, HubVersionConflictError } from './hubs.errors.js';
import type { Labels } from './label-selector.rules.js';
import type { CheckedHubChange } from './hub-input.rules.js';
import type { Fencing, Hub, HubFilter, HubPolicy, HubSortField, Prerequisite, PrerequisiteCode, PrerequisiteState, Reachability, StorageFacts } from './hubs.types.js';
import type { HubSetup } from './hub-setup.types.js';
import type { PrerequisiteVerdict } from './reading.rules.js';

/** What an inspection learns of the hub itself. */
export interface HubIdentity {
  readonly clusterId: string;
  readonly release: string | null;
  readonly kubeVersion: string;
  readonly storage: readonly StorageFacts[] | null;
  readonly setup: HubSetup;
}

export interface NewHub extends Omit<HubIdentity, 'setup'> {
  readonly id: string;
  readonly name: string;
  readonly apiUrl: string;
  readonly createdBy: string;
  readonly createdAt: Date;
}

export interface StoredCredential {
  readonly keyId: string;
  readonly sealed: Uint8Array;
  readonly sealedAt: Date;
}

function toHub(row: HubRow): Hub {
  const { policy, reachability, fencing, storage, setup: _ofReadiness, removedAt: _always, ...rest } = row;
  return {
    ...rest,
    policy: policy as HubPolicy,
    reachability: reachability as Reachability,
    fencing: fencing as Fencing,
    storage: storage as unknown as readonly StorageFacts[] | null,
  };
}

const json = (storage: readonly StorageFacts[] | null): Prisma.InputJsonValue | typeof Prisma.DbNull =>
  storage === null ? Prisma.DbNull : (storage as unknown as Prisma.InputJsonValue);

/** LIKE reads % and _ as wildcards. */
const literally = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

@Injectable()
export class HubsRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  list(filter: HubFilter, sort: Sort<HubSortField>, page: ListRequest): Promise<Page<Hub>> {
    const where: Prisma.HubWhereInput = {
      removedAt: null,
      ...(filter.name === undefined ? {} : { name: { contains: literally(filter.name), mode: 'insensitive' } }),
      ...(filter.policy === undefined ? {} : { policy: filter.policy }),
      ...(filter.reachability === undefined ? {} : { reachability: filter.reachability }),
    };
    return keysetPage<Hub, Prisma.HubWhereInput, Prisma.HubOrderByWithRelationInput>({
      list: 'hubs',
      filter,
      sort: [{ field: sort.by, direction: sort.direction }, { field: 'id', direction: 'ASC' }],
      page,
      find: async (keyset) => (await this.prisma.hub.findMany({ ...keyset, where: { AND: [where, keyset.where] } })).map(toHub),
      count: () => this.prisma.hub.count({ where }),
    });
  }

  /** Those that are not removed, by name. */
  async all(): Promise<Hub[]> {
    return (await this.prisma.hub.findMany({ where: { removedAt: null }, orderBy: { name: 'asc' } })).map(toHub);
  }

  async find(id: string): Promise<Hub | null> {
    const row = await this.prisma.hub.findUnique({ where: { id, removedAt: null } });
    return row === null ? null : toHub(row);
  }

  /** Removed ones too: history names them. */
  async findMany(ids: readonly string[]): Promise<Hub[]> {
    return (await this.prisma.hub.findMany({ where: { id: { in: [...ids] } } })).map(toHub);
  }

  /** @throws HubNameTakenError, HubAlreadyRegisteredError */
  async create({ storage, createdAt, ...hub }: NewHub, credential: StoredCredential): Promise<Hub> {
    try {
      const row = await this.prisma.hub.create({
        data: { ...hub, storage: json(storage), createdAt, updatedAt: createdAt, credential: { create: { ...credential, sealed: Buffer.from(credential.sealed) } } },
      });
      return toHub(row);
    } catch (cause) {
      throw named(cause, hub.name, hub.clusterId);
    }
  }

  /** The clusters that need a token, with their labels, by name. */
  async clustersInNeed(id: string): Promise<{ name: string; labels: Labels }[]> {
    return this.sql.query(`SELECT name, labels FROM managed_cluster WHERE hub_id = $1 AND origin = 'IMPORTED' ORDER BY name`, [id]);
  }

  /** @throws HubNotFoundError, HubVersionConflictError, HubNameTakenError */
  async update(id: string, change: CheckedHubChange, expectedVersion: number, at: Date): Promise<Hub> {
    try {
      const count = await this.prisma.$transaction(async (transaction) => {
        const changed = await transaction.hub.updateMany({ where: { id, removedAt: null, version: expectedVersion }, data: { ...change, version: { increment: 1 }, updatedAt: at } });
        // Who protects the hub again does not want its protection removed: what is left of a removal stays.
        if (changed.count > 0 && change.policy === 'PROTECT') await transaction.protectionRemoval.updateMany({ where: { hubId: id, status: 'RUNNING' }, data: { status: 'STOPPED', finishedAt: at } });
        return changed.count;
      });
      const hub = await this.find(id);
      if (hub === null) throw new HubNotFoundError(id);
      if (count === 0) throw new HubVersionConflictError(id, expectedVersion);
      return hub;
    } catch (cause) {
      throw named(cause, change.name ?? '', '');
    }
  }

  async replaceCredential(id: string, apiUrl: string, credential: StoredCredential, at: Date): Promise<void> {
    const sealed = Buffer.from(credential.sealed);
    await this.prisma.$transaction([
      this.prisma.hub.update({ where: { id }, data: { apiUrl, version: { increment: 1 }, updatedAt: at } }),
      this.prisma.hubCredential.upsert({ where: { hubId: id }, create: { ...credential, hubId: id, sealed }, update: { ...credential, sealed } }),
    ]);
  }

  async credential(id: string): Promise<StoredCredential | null> {
    return this.prisma.hubCredential.findUnique({ where: { hubId: id, hub: { removedAt: null } }, select: { keyId: true, sealed: true, sealedAt: true } });
  }

  /** What a client was made with is still what is stored while this stays the same; null: removed. */
  async credentialVersion(id: string): Promise<string | null> {
    const found = await this.prisma.hubCredential.findUnique({ where: { hubId: id, hub: { removedAt: null } }, select: { sealedAt: true } });
    return found === null ? null : found.sealedAt.toISOString();
  }

  /** Ids of hubs whose credentials are sealed with another key than the current one. */
  async sealedWithOtherKeys(currentKeyId: string): Promise<string[]> {
    return (await this.prisma.hubCredential.findMany({ where: { keyId: { not: currentKeyId } }, select: { hubId: true } })).map(({ hubId }) => hubId);
  }

  /** Puts a new seal in the place of that old one, and of no other. `sealedAt` stays: the credential is the same. */
  async reseal(id: string, old: StoredCredential, keyId: string, sealed: Buffer): Promise<void> {
    await this.prisma.hubCredential.updateMany({ where: { hubId: id, keyId: old.keyId, sealedAt: old.sealedAt }, data: { keyId, sealed: Buffer.from(sealed) } });
  }

  /** Plans, failovers and removals that still need the hub, in words. */
  async usesOf(id: string): Promise<string[]> {
    const [plans, failovers, removals] = await Promise.all([
      this.prisma.recoveryPlan.findMany({ where: { archivedAt: null, OR: [{ sourceHubId: id }, { targetHubId: id }] }, select: { name: true }, orderBy: { name: 'asc' } }),
      this.prisma.failoverHub.findMany({ where: { hubId: id, open: true }, select: { failoverId: true } }),
      this.prisma.protectionRemoval.findMany({ where: { hubId: id, status: 'RUNNING' }, select: { id: true } }),
    ]);
    return [...plans.map(({ name }) => `plan ${name}`), ...failovers.map(({ failoverId }) => `failover ${failoverId}`), ...removals.map((one) => `removal of protection ${one.id}`)];
  }

  /** The row stays for the history; what logs in goes. */
  async remove(id: string, at: Date): Promise<void> {
    await this.prisma.$transaction([
      this.prisma.hubCredential.deleteMany({ where: { hubId: id } }),
      this.prisma.hubPrerequisite.deleteMany({ where: { hubId: id } }),
      this.prisma.hub.update({ where: { id }, data: { removedAt: at, updatedAt: at, version: { increment: 1 } } }),
    ]);
  }

  /**
   * @param identity null: the hub could not be asked
   * @returns whether it found anything new
   * @throws HubAlreadyRegisteredError
   */
  async recordInspection(id: string, identity: HubIdentity | null, verdicts: readonly PrerequisiteVerdict[], at: Date): Promise<boolean> {
    try {
      const hasNewIdentity = identity !== null && (await this.recordIdentity(id, identity, at));
      const [told] = await this.sql.query<{ changed: boolean }>(
        `WITH told AS (SELECT code, state, cause, remedy, remedy_by FROM jsonb_to_recordset($2::jsonb) AS told (code text, state text, cause text, remedy text, remedy_by text)),
         before AS (SELECT code, state, cause FROM hub_prerequisite WHERE hub_id = $1),
         written AS (
           INSERT INTO hub_prerequisite AS held (hub_id, code, state, cause, remedy, remedy_by, since, checked_at) SELECT $1::uuid, code, state, cause, remedy, remedy_by, $3, $3 FROM told
           ON CONFLICT (hub_id, code) DO UPDATE SET state = excluded.state, cause = excluded.cause, remedy = excluded.remedy, remedy_by = excluded.remedy_by, checked_at = excluded.checked_at,
             since = CASE WHEN held.state = excluded.state THEN held.since ELSE excluded.since END)
         SELECT EXISTS (SELECT 1 FROM told LEFT JOIN before USING (code) WHERE (told.state, told.cause) IS DISTINCT FROM (before.state, before.cause)) AS changed`,
        [id, JSON.stringify(verdicts.map(({ remedyBy, ...verdict }) => ({ ...verdict, remedy_by: remedyBy }))), at],
      );
      return hasNewIdentity || told?.changed === true;
    } catch (cause) {
      throw named(cause, '', identity?.clusterId ?? '');
    }
  }

  private async recordIdentity(id: string, { clusterId, release, kubeVersion, storage, setup }: HubIdentity, at: Date): Promise<boolean> {
    const [told] = await this.sql.query<{ changed: boolean }>(
      `WITH before AS (SELECT cluster_id, release, kube_version, storage, setup FROM hub WHERE id = $1)
       UPDATE hub SET cluster_id = $2, release = $3, kube_version = $4, storage = COALESCE($5::jsonb, hub.storage), inspected_at = $6, setup = $7::jsonb FROM before WHERE id = $1
       RETURNING (before.cluster_id, before.release, before.kube_version, before.storage, before.setup) IS DISTINCT FROM (hub.cluster_id, hub.release, hub.kube_version, hub.storage, hub.setup) AS changed`,
      [id, clusterId, release, kubeVersion, storage === null ? null : JSON.stringify(storage), at, JSON.stringify(setup)],
    );
    return told?.changed === true;
  }

  /** Hubs that were last inspected before then, or never; those that do not answer are left to their watcher. */
  async inspectedBefore(at: Date): Promise<string[]> {
    const rows = await this.prisma.hub.findMany({
      where: { removedAt: null, reachability: { not: 'UNREACHABLE' }, OR: [{ inspectedAt: null }, { inspectedAt: { lt: at } }, { setup: { equals: Prisma.DbNull } }] },
      select: { id: true },
      orderBy: { id: 'asc' },
    });
    return rows.map(({ id }) => id);
  }

  async prerequisites(ids: readonly string[]): Promise<Prerequisite[]> {
    const rows = await this.prisma.hubPrerequisite.findMany({ where: { hubId: { in: [...ids] } }, orderBy: [{ hubId: 'asc' }, { code: 'asc' }] });
    return rows.map(({ code, state, remedyBy, ...rest }) => ({ ...rest, code: code as PrerequisiteCode, state: state as PrerequisiteState, remedyBy: remedyBy as RemedyBy }));
  }

  /**
   * The hub answered. Written at most every few seconds unless it says something new.
   * @param clockSkewSeconds measured to a second: what differs by no more is the same; null: not known
   * @returns whether it is news that the hub answers, and that its clock is another
   */
  async noteReachable(id: string, at: Date, clockSkewSeconds: number | null = null): Promise<{ readonly isBack: boolean; readonly hasNewSkew: boolean }> {
    const [told] = await this.sql.query<{ isBack: boolean; hasNewSkew: boolean }>(
      `WITH before AS (SELECT reachability AS was, clock_skew_seconds AS skew FROM hub WHERE id = $1 FOR UPDATE)
       UPDATE hub SET reachability = 'REACHABLE', reachable_at = GREATEST(reachable_at, $2), unreachable_since = NULL, last_error_code = NULL,
         clock_skew_seconds = CASE WHEN $3::int IS NULL OR abs(skew - $3) <= 1 THEN skew ELSE $3 END FROM before
       WHERE id = $1 AND removed_at IS NULL AND (reachability <> 'REACHABLE' OR reachable_at IS NULL OR reachable_at < $2::timestamptz - interval '5 seconds')
       RETURNING was <> 'REACHABLE' AS "isBack", clock_skew_seconds IS DISTINCT FROM skew AS "hasNewSkew"`,
      [id, at, clockSkewSeconds],
    );
    return told ?? { isBack: false, hasNewSkew: false };
  }

  /** @returns whether that is news */
  async noteUnreachable(id: string, errorCode: string, at: Date): Promise<boolean> {
    const changed = await this.sql.query<{ was: string }>(
      `WITH before AS (SELECT reachability AS was FROM hub WHERE id = $1 FOR UPDATE)
       UPDATE hub SET reachability = 'UNREACHABLE', unreachable_since = CASE WHEN was = 'UNREACHABLE' THEN unreachable_since ELSE $3 END, last_error_code = $2 FROM before
       WHERE id = $1 AND removed_at IS NULL AND (reachability <> 'UNREACHABLE' OR last_error_code IS DISTINCT FROM $2)
       RETURNING was`,
      [id, errorCode, at],
    );
    return changed.some(({ was }) => was !== 'UNREACHABLE');
  }

  /** Takes up what the hub’s storage locations are by now (StorageFacts). Of two who do, the later one reads what the earlier one has seen, or younger. */
  async noteStorage(id: string): Promise<void> {
    await this.sql.transaction(async (sql) => {
      await sql.query(`SELECT 1 FROM hub WHERE id = $1 FOR UPDATE`, [id]);
      await sql.execute(
        `WITH told AS (SELECT COALESCE(jsonb_agg(jsonb_build_object('name', name) || (facts - 'createdAt' - 'deleting') ORDER BY name), '[]') AS storage FROM hub_object WHERE hub_id = $1 AND kind = 'STORAGE_LOCATION')
         UPDATE hub SET storage = told.storage FROM told WHERE id = $1 AND hub.storage IS DISTINCT FROM told.storage`, [id]);
    });
  }
}

/** The database's refusal as the domain names it. */
function named(cause: unknown, name: string, clusterId: string): unknown {
  if (violates(cause, 'one_hub_per_name')) return new HubNameTakenError(name, { cause });
  if (violates(cause, 'one_hub_per_cluster_id')) return new HubAlreadyRegisteredError(clusterId, { cause });
  return cause;
}
