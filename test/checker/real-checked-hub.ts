import { HubClient, type HubConnection } from '../../src/kube/hub-client.js';
import { isKubeError } from '../../src/kube/kube-error.js';
import type { KubeObject, ObjectRef, ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import type { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { until } from '../support/until.js';
import type { CheckedHub, Content, End } from './checked-hub.js';
import { kindsOnHub, namespacesOnHub } from './hub-contents.js';
import type { OwnFault } from './schedule.js';

const definitions: ResourceType = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false };
/** A server that has just started, or been told of a definition, refuses for a moment. */
const READY_WITHIN_MS = 60_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const isForAMoment = (error: unknown): boolean => isKubeError(error, 'HUB_BUSY_THROTTLED', 'HUB_SERVER_ERROR', 'HUB_UNREACHABLE', 'HUB_TIMEOUT');

interface DefinitionSpec {
  readonly versions: readonly { readonly name: string; readonly served: boolean; readonly subresources?: { readonly status?: object } }[];
}

/**
 * A real kube-apiserver on a real etcd, emptied for each world. What cuts it off is a proxy of its own before it, so that changes go on meanwhile
 * as they do where only our side of the network is cut.
 */
export class RealCheckedHub implements CheckedHub {
  direct: HubClient;
  private readonly absent = new Set<ResourceType>();
  /** Kinds whose status is written apart */
  private readonly withStatus = new Set<ResourceType>();

  private constructor(
    private readonly server: RealKubeApiserver,
    private readonly door: FaultProxy,
  ) {
    this.direct = this.connect();
  }

  /** @param server stays after the world, which must be the only one on it */
  static async open(server: RealKubeApiserver): Promise<CheckedHub> {
    const hub = new RealCheckedHub(server, await FaultProxy.start(Number(new URL(server.url).port)));
    await hub.readDefinitions();
    for (const name of namespacesOnHub) await hub.direct.apply(resources.namespace, { apiVersion: '', kind: '', metadata: { name } }, { force: true });
    for (const type of kindsOnHub) {
      for await (const { items } of hub.direct.listAll(type, { metadataOnly: true })) {
        for (const { metadata } of items) if (metadata.namespace === undefined || namespacesOnHub.includes(metadata.namespace)) await hub.remove(type, metadata);
      }
    }
    return hub;
  }

  connection(): HubConnection {
    return { ...this.server.connection(), server: `https://127.0.0.1:${this.door.port}` };
  }

  async put(type: ResourceType, { status, ...content }: Content): Promise<boolean> {
    const object: KubeObject = { apiVersion: '', kind: '', ...content };
    const isApart = this.withStatus.has(type);
    return this.patiently(async () => {
      await this.direct.apply(type, isApart || status === undefined ? object : { ...object, status }, { force: true });
      if (isApart && status !== undefined) await this.direct.apply(type, { apiVersion: '', kind: '', metadata: refOf(content), status }, { force: true, subresource: 'status' });
    });
  }

  async remove(type: ResourceType, ref: ObjectRef): Promise<void> {
    await this.patiently(() => this.direct.delete(type, refOf({ metadata: ref })));
  }

  /** Of a kind that is built in nothing is taken. */
  async serve(type: ResourceType, on: boolean): Promise<void> {
    if (type.group === '') return;
    const definition = { name: `${type.plural}.${type.group}` };
    await this.patiently(async () => {
      const { versions } = (await this.direct.get(definitions, definition)).spec as DefinitionSpec;
      await this.direct.patch(definitions, definition, { spec: { versions: versions.map((one) => (one.name === type.version ? { ...one, served: on } : one)) } }, { patchType: 'merge' });
    });
    if (on) this.absent.delete(type);
    else this.absent.add(type);
  }

  async cutOff(mode: 'refuse' | 'hang'): Promise<void> {
    this.door.mode = mode === 'hang' ? 'blackhole' : 'refuse';
    if (mode === 'refuse') this.door.reset();
    else this.door.forgetConnections();
  }

  async reconnect(): Promise<void> {
    this.door.mode = 'pass';
  }

  compact(): Promise<void> {
    return this.server.compact();
  }

  checkpoint(): Promise<void> {
    return this.server.checkpoint();
  }

  async setBack(): Promise<void> {
    await this.server.setBack();
    await this.reopen();
  }

  async befall(fault: OwnFault): Promise<End> {
    switch (fault.do) {
      case 'restart':
        await this.server.restart();
        await this.reopen();
        break;
      case 'freeze':
        await this.server.freeze();
        await pause(fault.ms);
        await this.server.thaw();
        break;
      default: throw new RangeError(`A real hub cannot be made to ${fault.do}`);
    }
    return () => undefined;
  }

  /** The checkpoint may have been made, and come back, while a kind was absent. */
  async calm(): Promise<void> {
    for (const type of kindsOnHub) if (this.absent.has(type) || !(await this.direct.serves(type))) await this.serve(type, true);
    await this.untilAllServed();
  }

  async close(): Promise<void> {
    await this.direct.close();
    await this.door.stop();
  }

  private connect(): HubClient {
    return new HubClient(this.server.connection(), { allowLoopback: true, userAgent: 'checker', defaultFieldManager: 'checker' });
  }

  private async reopen(): Promise<void> {
    await this.direct.close();
    this.direct = this.connect();
  }

  private async readDefinitions(): Promise<void> {
    for (const type of kindsOnHub) {
      if (type.group === '') continue;
      const { versions } = (await this.direct.get(definitions, { name: `${type.plural}.${type.group}` })).spec as DefinitionSpec;
      if (versions.find(({ name }) => name === type.version)?.subresources?.status !== undefined) this.withStatus.add(type);
    }
  }

  private async untilAllServed(): Promise<void> {
    for (const type of kindsOnHub) {
      await until(`${type.plural} are served`, async () => {
        let answered = false;
        const isThere = await this.patiently(async () => {
          await this.direct.list(type, { limit: 1 });
          answered = true;
        });
        return isThere && answered;
      }, READY_WITHIN_MS);
    }
  }

  /** @returns false where there is no such kind or object */
  private async patiently(action: () => Promise<unknown>): Promise<boolean> {
    const endAt = performance.now() + READY_WITHIN_MS;
    for (;;) {
      try {
        await action();
        return true;
      } catch (error) {
        if (isKubeError(error, 'KUBE_NOT_FOUND')) return false;
        if (!isForAMoment(error) || performance.now() > endAt) throw error;
        await pause(50);
      }
    }
  }
}

const refOf = ({ metadata: { name, namespace } }: { readonly metadata: ObjectRef }): ObjectRef => ({ name, ...(namespace === undefined ? {} : { namespace }) });
