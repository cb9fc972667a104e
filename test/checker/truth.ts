import type { Client } from 'pg';
import type { PrismaService } from '../../src/database/prisma.service.js';
import type { Sql } from '../../src/database/sql.js';
import { projectCluster } from '../../src/fleet/cluster-projection.rules.js';
import { isKept, observedObject } from '../../src/fleet/facts.rules.js';
import type { AddOnFacts, ManagedClusterFacts, ObservedObject, StorageLocationFacts } from '../../src/fleet/facts.types.js';
import { watchedKinds, type FleetChange, type WatchedKind } from '../../src/fleet/fleet.types.js';
import { watched } from '../../src/fleet/watched-kinds.js';
import { until } from '../support/until.js';
import type { CheckedHub } from './checked-hub.js';
import { backupKinds, ProjectedBackups } from './projected-backups.js';

/** How long after the last fault all must be as it is on the hub. Real time, generous: it only matters when the check fails. */
const LIMIT_MS = 120_000;

type Rows = readonly string[];
const line = (...cells: unknown[]): string => JSON.stringify(cells, (_key, value: unknown) => (isRecord(value) ? Object.fromEntries(Object.entries(value).sort()) : value));
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** What the checker looks for. */
export class Mismatch extends Error {}

interface HubObjectRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly facts: unknown;
}

export interface CheckedDatabase {
  readonly url: string;
  readonly prisma: PrismaService;
  readonly sql: Sql;
  /** A connection that no fault befalls */
  readonly admin: Client;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function firstDifference(expected: ReadonlyMap<string, Rows>, actual: ReadonlyMap<string, Rows>): string | null {
  for (const [table, rows] of expected) {
    const has = new Set(actual.get(table));
    const missing = rows.filter((row) => !has.delete(row));
    if (missing.length + has.size > 0) return `${table} differs from a fresh list.\n  on the hub alone: ${missing.slice(0, 3).join('\n    ')}\n  in the table alone: ${[...has].slice(0, 3).join('\n    ')}`;
  }
  return null;
}

/** Compares what the tables hold of one hub, and what listeners were told of it, with the hub itself. */
export class Truth {
  /** What listeners know: read again whenever they are told that something changed */
  private readonly told = new Map<WatchedKind, Rows>();
  private listening: Promise<void> = Promise.resolve();
  private readonly backups: ProjectedBackups;

  constructor(
    private readonly database: CheckedDatabase,
    private readonly hubId: string,
    private readonly hub: Pick<CheckedHub, 'direct'>,
  ) {
    this.backups = new ProjectedBackups(database.prisma, database.sql, hubId);
  }

  /** Listeners are told by whoever owns the hub. */
  listen({ topic, kinds }: Pick<FleetChange, 'topic'> & Partial<FleetChange>): Promise<void> {
    const concerned = topic === 'READ' ? watchedKinds : topic === 'FACTS' ? [...(kinds ?? [])] : [];
    if (concerned.some((kind) => backupKinds.has(kind))) this.backups.wake();
    this.listening = this.listening.then(async () => {
      for (const kind of concerned) this.told.set(kind, await this.factsOf(kind));
    });
    return this.listening;
  }

  /** Resolves when the tables and a fresh list of the hub are one. @throws Mismatch */
  async agrees(when: string): Promise<void> {
    await this.canRead();
    const expected = await this.expected();
    let difference: string | null = '';
    const endAt = performance.now() + LIMIT_MS;
    while ((difference = firstDifference(expected, await this.actual())) !== null) {
      if (performance.now() > endAt) throw new Mismatch(`${when}: ${difference}\n${(await this.watches()).map((watch) => line(watch)).join('\n')}`);
      await pause(20);
    }
  }

  async isCalled(reachability: 'REACHABLE' | 'UNREACHABLE'): Promise<void> {
    await until(`the hub is called ${reachability}`, async () => {
      const { rows } = await this.database.admin.query<{ reachability: string }>(`SELECT reachability FROM hub WHERE id = $1`, [this.hubId]);
      return rows[0]?.reachability === reachability;
    }, LIMIT_MS);
  }

  /** Nothing of what was on its way is still to be read: it would be read at a later hour. */
  async isSilent(): Promise<void> {
    await until('no kind is listed or watched', async () => (await this.watches()).every(({ phase }) => phase !== 'WATCHING' && phase !== 'LISTING'), LIMIT_MS);
  }

  async isWatched(): Promise<void> {
    await until('every kind is watched', async () => (await this.watches()).every(({ phase, errorCode }) => phase === 'WATCHING' && errorCode === null), LIMIT_MS);
  }

  /** Waits until every kind is watched, but no longer: what befalls the hub may last. */
  async settle(ms: number): Promise<void> {
    const endAt = performance.now() + ms;
    for (;;) {
      // The database may be away from us, too.
      const watches = await this.watches().catch(() => []);
      if (watches.length === watchedKinds.length && watches.every(({ phase }) => phase === 'WATCHING' || phase === 'ABSENT')) return;
      if (performance.now() > endAt) return;
      await pause(20);
    }
  }

  /** @throws Mismatch where anything claims to have been heard after the hub\u2019s last word */
  async checkAges(lastWord: Date): Promise<void> {
    const { rows } = await this.database.admin.query<{ what: string; at: Date }>(
      `SELECT 'hub_watch.heard_at of ' || kind AS what, heard_at AS at FROM hub_watch WHERE hub_id = $1 AND heard_at > $2
       UNION ALL SELECT 'hub_watch.listed_at of ' || kind, listed_at FROM hub_watch WHERE hub_id = $1 AND listed_at > $2
       UNION ALL SELECT 'hub_object.read_at of ' || kind, read_at FROM hub_object WHERE hub_id = $1 AND read_at > $2
       UNION ALL SELECT 'managed_cluster.read_at of ' || name, read_at FROM managed_cluster WHERE hub_id = $1 AND read_at > $2
       UNION ALL SELECT 'hub.reachable_at', reachable_at FROM hub WHERE id = $1 AND reachable_at > $2`,
      [this.hubId, lastWord],
    );
    if (rows.length > 0) throw new Mismatch(`Younger than the hub\u2019s last word (${lastWord.toISOString()}): ${rows.map(({ what, at }) => `${what} ${at.toISOString()}`).join(', ')}`);
  }

  /** Nobody is told anything any more. */
  async close(): Promise<void> {
    await this.listening;
    await this.backups.stop();
  }

  /** Our own connections are terminated with the workers', and found dead one after another. */
  private async canRead(): Promise<void> {
    await until('the database answers', async () => {
      const answers = await Promise.allSettled(Array.from({ length: 20 }, () => this.database.sql.query('SELECT 1')));
      return answers.every(({ status }) => status === 'fulfilled');
    }, LIMIT_MS);
  }

  private async factsOf(kind: WatchedKind): Promise<Rows> {
    const { rows } = await this.database.admin.query<HubObjectRow>(`SELECT namespace, name, uid, facts FROM hub_object WHERE hub_id = $1 AND kind = $2`, [this.hubId, kind]);
    return rows.map(({ namespace, name, uid, facts }) => line(namespace, name, uid, facts)).sort();
  }

  private async expected(): Promise<Map<string, Rows>> {
    const expected = new Map<string, Rows>();
    const objects = new Map<WatchedKind, ObservedObject[]>();
    for (const kind of watchedKinds) {
      const { type, selection } = watched[kind];
      const observed: ObservedObject[] = [];
      for await (const { items } of this.hub.direct.listAll(type, selection)) observed.push(...items.filter((item) => isKept(kind, item)).map((item) => observedObject(kind, item)));
      objects.set(kind, observed);
      expected.set(`hub_object ${kind}`, observed.map(({ namespace, name, uid, resourceVersion, facts }) => line(namespace, name, uid, resourceVersion, facts)).sort());
      expected.set(`told ${kind}`, observed.map(({ namespace, name, uid, facts }) => line(namespace, name, uid, facts)).sort());
    }
    const addOns = new Map(objects.get('ADDON')?.map(({ namespace, facts }) => [namespace, facts as AddOnFacts]));
    const hive = new Set(objects.get('HIVE_SECRET')?.map(({ namespace }) => namespace));
    const clusters = objects.get('MANAGED_CLUSTER') ?? [];
    expected.set('managed_cluster', clusters.map(({ name, facts }) => line(projectCluster(name, facts as ManagedClusterFacts, addOns.get(name) ?? null, hive.has(name)))).sort());
    const storage = (objects.get('STORAGE_LOCATION') ?? []).map(({ name, facts }) => {
      const { createdAt: _made, deleting: _going, ...kept } = facts as StorageLocationFacts;
      return line({ name, ...kept });
    });
    expected.set('hub.storage', storage.sort());
    this.setBackups(expected, await this.backups.ofFresh([...backupKinds].flatMap((kind) => objects.get(kind) ?? [])));
    return expected;
  }

  private async actual(): Promise<Map<string, Rows>> {
    const { admin } = this.database;
    const objects = await admin.query<HubObjectRow>(`SELECT kind, namespace, name, uid, resource_version AS version, facts FROM hub_object WHERE hub_id = $1`, [this.hubId]);
    const clusters = await this.database.prisma.managedCluster.findMany({ where: { hubId: this.hubId } });
    const hub = await admin.query<{ storage: readonly unknown[] | null }>(`SELECT storage FROM hub WHERE id = $1`, [this.hubId]);
    const actual = new Map<string, Rows>();
    for (const kind of watchedKinds) {
      const rows = objects.rows.filter((row) => row.kind === kind);
      actual.set(`hub_object ${kind}`, rows.map(({ namespace, name, uid, version, facts }) => line(namespace, name, uid, version, facts)).sort());
      actual.set(`told ${kind}`, this.told.get(kind) ?? []);
    }
    actual.set('managed_cluster', clusters.map(({ id: _id, hubId: _hubId, readAt: _readAt, ...cluster }) => line(cluster)).sort());
    actual.set('hub.storage', (hub.rows[0]?.storage ?? []).map((location) => line(location)).sort());
    this.setBackups(actual, await this.backups.rows());
    return actual;
  }

  private setBackups(tables: Map<string, Rows>, { backups, schedules }: Awaited<ReturnType<ProjectedBackups['rows']>>): void {
    tables.set('backup', backups.map((row) => line(row)).sort());
    tables.set('backup_schedule', schedules.map((row) => line(row)).sort());
  }

  private watches() {
    return this.database.prisma.hubWatch.findMany({ where: { hubId: this.hubId }, select: { kind: true, phase: true, errorCode: true, heardAt: true, listedAt: true }, orderBy: { kind: 'asc' } });
  }
}
