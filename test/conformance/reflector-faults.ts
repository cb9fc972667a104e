import { HubClient, type HubConnection } from '../../src/kube/hub-client.js';
import { isKubeError } from '../../src/kube/kube-error.js';
import type { KubeObject } from '../../src/kube/kube.types.js';
import { Reflector } from '../../src/kube/reflector.js';
import type { ReflectorChange, ReflectorSink, ReflectorState } from '../../src/kube/reflector.types.js';
import { resources } from '../../src/kube/resources.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { randomOf } from '../support/random.js';
import { until } from '../support/until.js';
import type { ConformanceHub } from './hub-conformance.js';

const type = resources.managedCluster;

/** What a reflector has told, as a cache; notes every rule that the telling breaks. */
export class CacheSink implements ReflectorSink {
  /** By name: uid and version */
  readonly cache = new Map<string, { uid: string; version: bigint }>();
  readonly broken: string[] = [];
  lists = 0;
  current: ReflectorState | null = null;
  private seen: Set<string> | null = null;

  listing = (): void => {
    this.seen = new Set();
    this.lists += 1;
  };

  page = (objects: KubeObject[]): void => {
    if (this.seen === null) this.broken.push('a page outside of a list');
    for (const object of objects) {
      this.seen?.add(object.metadata.name);
      this.put(object);
    }
  };

  listed = (): void => {
    for (const name of this.cache.keys()) if (this.seen?.has(name) !== true) this.cache.delete(name);
    this.seen = null;
  };

  changes = (changes: readonly ReflectorChange[]): void => {
    if (changes.length === 0 || changes.length > 500) this.broken.push(`${changes.length} changes at once`);
    for (const { type: what, object } of changes) {
      if (what === 'DELETE') this.cache.delete(object.metadata.name);
      else this.put(object);
    }
  };

  state = (state: ReflectorState): void => {
    this.current = state;
  };

  private put({ metadata: { name, uid = '', resourceVersion = '' } }: KubeObject): void {
    const version = BigInt(resourceVersion);
    const before = this.cache.get(name);
    if (before?.uid === uid && version < before.version) this.broken.push(`${name} went back from ${before.version} to ${version}`);
    this.cache.set(name, { uid, version });
  }

  get contents(): string[] {
    return [...this.cache].map(([name, { uid, version }]) => `${name} ${uid} ${version}`).sort();
  }
}

export interface FaultyHub extends ConformanceHub {
  /** Faults that only this hub can make, chosen among by chance */
  readonly faults: readonly (() => Promise<void> | void)[];
}

/** A reflector behind a bad network must end up with what is there: no delete missed, nothing old over something new. */
export function reflectorUnderFaults(name: string, makeHub: () => Promise<FaultyHub>, operations: number): void {
  describe(`a reflector of ${name} under faults`, () => {
    let hub: FaultyHub;
    let direct: HubClient;
    let proxy: FaultProxy;
    let behindProxy: HubClient;
    let reflector: Reflector;
    let sink: CacheSink;

    const through = (connection: HubConnection, port: number): HubConnection => ({ ...connection, server: `https://127.0.0.1:${port}` });

    beforeAll(async () => {
      hub = await makeHub();
      direct = new HubClient(hub.connection(), { allowLoopback: true });
    });

    afterAll(async () => {
      await direct?.close();
      await hub?.stop();
    });

    beforeEach(async () => {
      proxy = await FaultProxy.start(Number(new URL(hub.connection().server).port));
      behindProxy = new HubClient(through(hub.connection(), proxy.port), { allowLoopback: true, http2PingMs: 200 });
      sink = new CacheSink();
      reflector = new Reflector(behindProxy, type, {}, sink, {
        pageSize: 7,
        coalesceMs: 5,
        silenceMs: 15_000,
        // Backoff in full would take minutes; its lengths are the unit test's.
        sleep: (_ms, signal) => new Promise((resolve) => {
          const timer = setTimeout(resolve, 20);
          signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
        }),
      });
    });

    afterEach(async () => {
      await reflector.stop();
      await behindProxy.close();
      await proxy.stop();
    });

    const contents = async (): Promise<string[]> => {
      const { items } = await direct.list(type);
      return items.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
    };

    /** The cache is what is there. */
    async function agrees(limitMs = 60_000): Promise<void> {
      const expected = await contents();
      await until('the cache is what is there', () => JSON.stringify(sink.contents) === JSON.stringify(expected), limitMs).catch(() => undefined);
      expect(sink.contents).toEqual(expected);
      expect(sink.broken).toEqual([]);
    }

    /** Creates, changes or deletes one of forty clusters, whatever is possible. */
    async function operate(random: () => number): Promise<void> {
      const cluster = `cluster-${Math.floor(random() * 40)}`;
      const choice = random();
      try {
        if (choice < 0.4) await direct.create(type, { apiVersion: '', kind: '', metadata: { name: cluster }, spec: {} });
        else if (choice < 0.75) await direct.patch(type, { name: cluster }, { spec: { leaseDurationSeconds: Math.floor(random() * 1000) + 1 } }, { patchType: 'merge' });
        else await direct.delete(type, { name: cluster });
      } catch (error) {
        if (!isKubeError(error, 'KUBE_ALREADY_EXISTS', 'KUBE_NOT_FOUND')) throw error;
      }
    }

    test(`${operations} operations amid cuts, blackholes and lost history`, async () => {
      const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      console.log(`seed ${seed} (set SEED to repeat)`);
      const random = randomOf(seed);
      const faults: (() => Promise<void> | void)[] = [
        () => proxy.reset(),
        () => proxy.forgetConnections(),
        () => hub.forgetHistory(),
        async () => {
          proxy.mode = 'refuse';
          proxy.reset();
          for (let i = 0; i < 5; i += 1) await operate(random);
          await hub.forgetHistory();
          proxy.mode = 'pass';
        },
        async () => {
          proxy.mode = 'blackhole';
          for (let i = 0; i < 5; i += 1) await operate(random);
          proxy.mode = 'pass';
        },
        () => void (proxy.delayMs = Math.floor(random() * 20)),
        ...hub.faults,
      ];
      reflector.start();
      for (let i = 0; i < operations; i += 1) {
        await operate(random);
        if (random() < 0.04) await faults[Math.floor(random() * faults.length)]?.();
        if (random() < 0.02) await agrees();
      }
      proxy.delayMs = 0;
      await agrees();
      expect(sink.lists).toBeGreaterThan(1);
      await until('it watches', () => sink.current?.phase === 'WATCHING');
    }, 600_000);

    test('a half-open connection is noticed by pings, with no silence to tell of it', async () => {
      await reflector.stop();
      reflector = new Reflector(behindProxy, type, {}, sink, { coalesceMs: 5, silenceMs: 3_600_000 });
      reflector.start();
      await agrees();
      await until('it watches', () => sink.current?.phase === 'WATCHING');
      proxy.forgetConnections();
      await direct.create(type, { apiVersion: '', kind: '', metadata: { name: 'half-open' }, spec: {} });
      await until('the news arrives', () => sink.cache.has('half-open'));
      await agrees();
    });

    test('while the hub is cut off, the last word\u2019s time stands still and the reason is told', async () => {
      reflector.start();
      await until('it watches', () => sink.current?.phase === 'WATCHING');
      // With an event to go by, the hub can prove afterwards that its history is the same.
      await direct.apply(type, { apiVersion: '', kind: '', metadata: { name: 'witness', annotations: { at: String(performance.now()) } }, spec: {} });
      await agrees();
      const { lists } = sink; // more than one where a ping's answer came late
      proxy.mode = 'refuse';
      proxy.reset();
      await until('it backs off', () => sink.current?.phase === 'BACKING_OFF');
      expect(sink.current?.errorCode).toBe('HUB_UNREACHABLE');
      const { heardAt } = reflector.state;
      const tried = proxy.connections;
      await until('it tries on', () => proxy.connections > tried + 3);
      expect(reflector.state.heardAt).toEqual(heardAt);
      expect(reflector.state.phase).toBe('BACKING_OFF');
      proxy.mode = 'pass';
      await until('it watches again', () => sink.current?.phase === 'WATCHING');
      await agrees();
      expect(sink.lists).toBe(lists);
    });

    test('a stopped reflector leaves no connection behind', async () => {
      reflector.start();
      await until('it watches', () => sink.current?.phase === 'WATCHING');
      await reflector.stop();
      await behindProxy.close();
      await until('all are closed', () => proxy.openConnections === 0);
    });
  });
}
