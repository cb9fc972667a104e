import { open } from 'node:fs/promises';
import { SystemClock } from '../common/clock.js';
import { HubClient, type HubConnection } from '../kube/hub-client.js';
import type { KubeObject, ResourceType } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { inParallel } from '../common/in-parallel.js';
import { RealKubeApiserver, type AuditEvent } from '../simulator/real/kube-apiserver.js';
import { seedHub } from '../simulator/scenarios/hub-seed.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';
import { hubAddOn } from './bench-fleet.js';

/** One write as the hub itself recorded it. */
export interface RecordedWrite {
  /** Milliseconds since 1970, by the hub's clock, which is this machine's */
  readonly atMs: number;
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly succeeded: boolean;
}

/** What one client did on the hub. */
export interface RecordedCalls {
  readonly writes: readonly RecordedWrite[];
  /** Gets and lists of resources; watches and discovery are left out */
  readonly reads: number;
}

/** A hub of a benchmark. Its own record is what is measured by: nobody is asked how fast he was. */
export interface BenchHub {
  readonly clusterId: string;
  /** The bench's own client: agents and operators that are played */
  readonly client: HubClient;
  readonly connection: HubConnection;
  /** Puts objects there with their status, in the order in which they come */
  seed(objects: readonly KubeObject[]): Promise<void>;
  calls(userAgent: string): Promise<RecordedCalls>;
  stop(): Promise<void>;
}

const newClient = (connection: HubConnection): HubClient => new HubClient(connection, { allowLoopback: true, userAgent: 'bench', defaultFieldManager: 'bench', limited: false });

/** Operators, identity and add-on, as on a hub that is ready to be protected; no storage location. */
async function furnish(client: HubClient, name: string, clusterId: string): Promise<void> {
  const seed = {
    name, clusterId, release: { hub: '2.15.0', engine: '2.10.0' }, components: { managedServiceAccount: true, clusterBackup: true }, storage: null, importStrategy: null,
    localClusterName: 'local-cluster', localClusterExcluded: true,
  };
  await seedHub(client, seed, new Date());
  await client.create(resources.clusterManagementAddOn, hubAddOn);
}

class SimulatedBenchHub implements BenchHub {
  readonly client: HubClient;

  constructor(private readonly hub: SimulatedHub) {
    this.client = newClient(hub.connection());
  }

  get clusterId(): string {
    return this.hub.clusterId;
  }

  get connection(): HubConnection {
    return this.hub.connection();
  }

  seed(objects: readonly KubeObject[]): Promise<void> {
    this.hub.seed(objects);
    return Promise.resolve();
  }

  calls(userAgent: string): Promise<RecordedCalls> {
    const { ledger } = this.hub;
    const writes = ledger.writes({ userAgent }).filter(({ resource }) => !isReview(resource));
    return Promise.resolve({
      writes: writes.map(({ at, verb, resource, namespace, name, code }) => ({ atMs: at.getTime(), verb, resource, namespace, name, succeeded: code >= 200 && code < 300 })),
      reads: ledger.reads({ verb: 'get', userAgent }) + ledger.reads({ verb: 'list', userAgent }),
    });
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.hub.stop();
  }
}

/** Asking for one's rights is a POST, and writes nothing. */
const isReview = (resource: string): boolean => resource.endsWith('reviews');
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'apply', 'delete', 'deletecollection']);
/** Objects put on a real API server at once. */
const SEEDERS = 32;

class RealBenchHub implements BenchHub {
  readonly client: HubClient;
  private readonly events: AuditEvent[] = [];
  private readBytes = 0;
  private rest = '';

  constructor(
    private readonly server: RealKubeApiserver,
    readonly clusterId: string,
  ) {
    this.client = newClient(server.connection());
  }

  get connection(): HubConnection {
    return this.server.connection();
  }

  async seed(objects: readonly KubeObject[]): Promise<void> {
    // One after another within a namespace, so that it is there before what lies in it.
    const groups = Map.groupBy(objects, ({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : (metadata.namespace ?? metadata.name)));
    await inParallel([...groups.values()], SEEDERS, async (group) => {
      for (const object of group) await this.put(object);
    });
  }

  private async put(object: KubeObject): Promise<void> {
    const type = Object.values<ResourceType>(resources).find(({ kind, group, version }) => kind === object.kind && object.apiVersion === (group === '' ? version : `${group}/${version}`));
    if (type === undefined) throw new RangeError(`Unknown kind ${object.kind}`);
    const { uid: _theirs, ...metadata } = object.metadata;
    await this.client.create(type, { ...object, metadata });
    if (object.status === undefined || type.group === 'velero.io') return;
    const ref = { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
    await this.client.patch(type, ref, { status: object.status }, { patchType: 'merge', subresource: 'status' });
  }

  async calls(userAgent: string): Promise<RecordedCalls> {
    await this.readOn();
    const own = this.events.filter((event) => event.userAgent === userAgent && event.objectRef?.resource !== undefined);
    const writes = own.filter(({ verb, objectRef }) => WRITES.has(verb) && !isReview(objectRef?.resource ?? ''));
    return {
      writes: writes.map(({ verb, objectRef, responseStatus, stageTimestamp }) => ({
        atMs: Date.parse(stageTimestamp), verb, resource: objectRef?.resource ?? '', namespace: objectRef?.namespace ?? '', name: objectRef?.name ?? '',
        succeeded: (responseStatus?.code ?? 500) < 300,
      })),
      reads: own.filter(({ verb }) => verb === 'get' || verb === 'list').length,
    };
  }

  /** What the audit log has grown by. */
  private async readOn(): Promise<void> {
    const file = await open(this.server.auditLogPath);
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(size - this.readBytes);
      await file.read(bytes, 0, bytes.length, this.readBytes);
      this.readBytes = size;
      const lines = (this.rest + bytes.toString('utf8')).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.events.push(JSON.parse(line) as AuditEvent);
    } finally {
      await file.close();
    }
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.server.stop();
  }
}

let made = 0;

/** A hub with nothing on it but its operators. */
export async function startHub(kind: 'simulated' | 'real', name: string): Promise<BenchHub> {
  made += 1;
  const clusterId = `${String(made).padStart(8, '0')}-1111-4222-8333-444444444444`;
  const hub = kind === 'simulated'
    ? new SimulatedBenchHub(await SimulatedHub.start({ name, clusterId, clock: new SystemClock(), seed: made }))
    : new RealBenchHub(await RealKubeApiserver.start(), clusterId);
  await furnish(hub.client, name, clusterId);
  return hub;
}
