import { randomBytes } from 'node:crypto';
import { ShiftableClock } from '../../src/common/clock.js';
import { Secret } from '../../src/common/secret.js';
import type { KubeObject, ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import type { TestDatabase } from './database.js';
import { Parts, testConfig } from './parts.js';
import { ServiceProcess, type RunningServiceProcess } from './service-process.js';

const by = { actor: 'tester', reason: 'because' };
const ACCOUNT = 'auto-import-account';
const TWO_MONTHS_MS = 60 * 86_400_000;

/** What the tables hold of a hub, and the hub itself, by the kinds that the upkeep of tokens is about. */
const COMPARED: readonly (readonly [string, ResourceType])[] = [
  ['MANAGED_CLUSTER', resources.managedCluster], ['ADDON', resources.managedClusterAddOn], ['ACCOUNT', resources.managedServiceAccount], ['WORK', resources.manifestWork],
  ['TOKEN_SECRET', resources.secret],
];

const iso = (ms: number): string => `${new Date(Date.now() + ms).toISOString().slice(0, 19)}Z`;
const hubAddOn: KubeObject = { apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ClusterManagementAddOn', metadata: { name: 'managed-serviceaccount' }, spec: {} };
const cluster = (name: string): KubeObject[] => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  {
    apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name }, spec: {},
    status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
  },
];

interface StagedHub {
  readonly id: string;
  readonly hub: SimulatedHub;
}

/** Several hubs under protection, and services in processes of their own that share one database. */
export class WorkersStage {
  readonly hubs: StagedHub[] = [];
  readonly processes: RunningServiceProcess[] = [];
  private agent: NodeJS.Timeout | undefined;
  private clusters = 0;

  private constructor(
    private readonly database: TestDatabase,
    private readonly parts: Parts,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /**
   * @param database of the test itself, which no fault befalls
   * @param url by which the services reach it
   */
  static async open({ database, url = database.url, env = {} }: { database: TestDatabase; url?: string; env?: Readonly<Record<string, string>> }): Promise<WorkersStage> {
    const key = randomBytes(32);
    const parts = await Parts.open(new ShiftableClock(), testConfig({ sealingKeys: new Map([['k1', new Secret(key)]]) }), database);
    const settings = { DATABASE_URL: url, LIFEBOAT_SEALING_KEYS: `k1:${key.toString('base64')}`, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LOG_LEVEL: 'warn', ...env };
    return new WorkersStage(database, parts, settings);
  }

  /** Registers hubs with so many imported clusters each, to be protected. */
  async addHubs(names: readonly string[], clusters: number): Promise<void> {
    for (const name of names) {
      const hub = await SimulatedHub.start({ name, clusterId: `id-${name}`, clock: new ShiftableClock() });
      hub.controllers.garbageCollector = false;
      hub.seed([hubAddOn]);
      const { id } = await this.parts.hubs.register({ name, kubeconfig: new Secret(hub.kubeconfig()) }, by);
      await this.parts.hubs.update(id, { policy: 'PROTECT' }, (await this.parts.hubs.get(id)).version, by);
      this.hubs.push({ id, hub });
      this.addClusters(hub, clusters);
    }
    this.agent ??= setInterval(() => this.reportTokens(), 100);
  }

  addClusters(hub: SimulatedHub, count: number): void {
    hub.seed(Array.from({ length: count }, () => cluster(`c${(this.clusters += 1)}`)).flat());
  }

  async employ(env: Readonly<Record<string, string>> = {}): Promise<RunningServiceProcess> {
    const started = await ServiceProcess.start({ ...this.env, ...env });
    this.processes.push(started);
    return started;
  }

  /** Which process watches each hub, by the leases that live; null: none. In the order of the hubs. */
  async owners(): Promise<(number | null)[]> {
    const rows = await this.parts.sql.query<{ id: string; owner: string }>(`SELECT substr(key, 5) AS id, owner FROM lease WHERE key LIKE 'hub/%' AND expires_at > now()`);
    const owners = new Map(rows.map(({ id, owner }) => [id, Number(owner.split('/')[1])]));
    return this.hubs.map(({ id }) => owners.get(id) ?? null);
  }

  /** Every hub's present owner has listed everything. */
  async allRead(): Promise<boolean> {
    const [row] = await this.parts.sql.query<{ unread: number }>(
      `SELECT count(*)::int AS unread FROM hub WHERE removed_at IS NULL AND (SELECT count(*) FROM hub_watch JOIN lease ON lease.key = 'hub/' || hub.id AND lease.expires_at > now()
         WHERE hub_id = hub.id AND listed_epoch = lease.epoch) < 13`,
    );
    return row?.unread === 0;
  }

  /** Every imported cluster has what keeps its token, and its token is marked. */
  get isProtected(): boolean {
    return this.hubs.every(({ hub }) => hub.objects(resources.managedCluster).every(({ metadata: { name } }) =>
      hub.object(resources.secret, { namespace: name, name: ACCOUNT })?.metadata.labels?.['cluster.open-cluster-management.io/backup'] !== undefined
      && hub.object(resources.manifestWork, { namespace: name, name: 'addon-managed-serviceaccount-import' }) !== null));
  }

  /** What the tables say of the hubs that is not so, or do not say. */
  async differences(): Promise<string[]> {
    const rows = await this.parts.sql.query<{ hub_id: string; kind: string; namespace: string; name: string; resource_version: string }>(
      `SELECT hub_id, kind, namespace, name, resource_version FROM hub_object WHERE kind = ANY($1::text[])`, [COMPARED.map(([kind]) => kind)],
    );
    const inTables = new Set(rows.map((row) => `${row.hub_id} ${row.kind} ${row.namespace}/${row.name} ${row.resource_version}`));
    const onHubs = new Set(this.hubs.flatMap(({ id, hub }) => COMPARED.flatMap(([kind, type]) => hub.objects(type)
      .filter(({ metadata }) => kind !== 'TOKEN_SECRET' || metadata.name === ACCOUNT)
      .map(({ metadata }) => `${id} ${kind} ${metadata.namespace ?? ''}/${metadata.name} ${metadata.resourceVersion ?? ''}`))));
    return [...[...inTables].filter((row) => !onHubs.has(row)).map((row) => `not on the hub: ${row}`), ...[...onHubs].filter((row) => !inTables.has(row)).map((row) => `not in the tables: ${row}`)];
  }

  /** Tokens as the inventory has them: those without a problem. */
  async soundTokens(): Promise<number> {
    const [row] = await this.parts.sql.query<{ sound: number }>(`SELECT count(*)::int AS sound FROM auto_import_token WHERE problem_code IS NULL AND in_backup_selection AND expires_at IS NOT NULL`);
    return row?.sound ?? 0;
  }

  /** Whether anything of the upkeep is due. */
  async isIdle(): Promise<boolean> {
    const [row] = await this.parts.sql.query<{ due: number }>(`SELECT count(*)::int AS due FROM token_work WHERE due_at <= now()`);
    return row?.due === 0;
  }

  get clusterCount(): number {
    return this.clusters;
  }

  /** How far each hub's history has come: the same as before, nothing has changed there. */
  get revisions(): number[] {
    return this.hubs.map(({ hub }) => hub.store.revision);
  }

  /** Writes on the hubs by anybody, access reviews aside, in words. */
  get hubWrites(): string[] {
    return this.hubs.flatMap(({ hub }) => hub.ledger.writes({ resource: (resource) => !resource.startsWith('selfsubject') })
      .map(({ verb, resource, namespace, name, code }) => `${hub.name}: ${verb} ${resource} ${namespace}/${name} ${code}`));
  }

  sql<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.parts.sql.query<Row>(text, values);
  }

  async close(): Promise<void> {
    clearInterval(this.agent);
    for (const one of this.processes) one.signal('SIGCONT');
    await Promise.all(this.processes.map((one) => one.close()));
    await this.parts.close();
    await Promise.all(this.hubs.map(({ hub }) => hub.stop()));
    await this.database.drop();
  }

  /** The agents of the clusters: a token for each account that has none. */
  private reportTokens(): void {
    for (const { hub } of this.hubs) {
      for (const account of hub.objects(resources.managedServiceAccount)) {
        const { namespace = '', name } = account.metadata;
        if (hub.object(resources.secret, { namespace, name }) !== null) continue;
        hub.seed([
          {
            apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { token: Buffer.from('token').toString('base64') },
            metadata: {
              namespace, name, labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' },
              ownerReferences: [{ apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', name, uid: account.metadata.uid ?? '' }],
            },
          },
        ]);
        hub.seed([{ ...account, status: { expirationTimestamp: iso(TWO_MONTHS_MS), tokenSecretRef: { name, lastRefreshTimestamp: iso(0) } } }]);
      }
    }
  }
}

