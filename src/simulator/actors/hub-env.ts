import type { HubClient } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject, ObjectRef, ResourceType } from '../../kube/kube.types.js';
import type { InformerSet } from '../informer.js';
import type { SeededRandom } from '../store/random.js';
import type { Bucket } from '../bucket/bucket.js';
import type { ClusterRegistry } from './clusters.js';
import { conditionsOf, withConditions, type Condition } from './conditions.js';
import type { Json } from './json.js';
import type { Switches } from './switches.js';
import type { Timekeeper } from './timekeeper.js';
import type { Timings } from './timings.js';

/** What the actors of one hub share. */
export interface HubEnv {
  /** The hub's name in the world; clusters know their hub by it */
  readonly name: string;
  /** `spec.clusterID` of its ClusterVersion: what backups are labelled with */
  readonly clusterId: string;
  readonly client: HubClient;
  readonly informers: InformerSet;
  readonly time: Timekeeper;
  readonly timings: Timings;
  /** Read at each use, so that a test can turn them while the world runs */
  readonly switches: Switches;
  readonly random: SeededRandom;
  readonly clusters: ClusterRegistry;
  readonly bucket: Bucket;
  /** Writes in parallel, for all actors that write for many clusters */
  readonly writers: number;
  /** `minor` of the release, e.g. 15 for 2.15 */
  readonly release: Release;
  readonly onError: (actor: string, key: string, error: unknown) => void;
}

export interface Release {
  /** Of MultiClusterHub, e.g. `2.15.0` */
  readonly hub: string;
  /** Of MultiClusterEngine, e.g. `2.10.0` */
  readonly engine: string;
}

/** The number after the first dot: 15 of `2.15.0`. */
export const minorOf = (version: string): number => Number(version.split('.')[1] ?? 0);

const TRIES = 6;

/** Velero's kinds have no status subresource: their status is written like any field, which moves metadata.generation. */
const hasStatusSubresource = (type: ResourceType): boolean => type.group !== 'velero.io';

/** Sets members of status by merge patch; null removes one. */
export function patchStatus(env: HubEnv, type: ResourceType, ref: ObjectRef, status: Json, manager: string): Promise<KubeObject> {
  return env.client.patch(type, ref, { status }, { patchType: 'merge', fieldManager: manager, ...(hasStatusSubresource(type) ? { subresource: 'status' } : {}) });
}

/**
 * Sets conditions, and what `more` adds to status, against whoever else writes the same status: the write names the version that it
 * was made from and is made again on a conflict. Nothing is written where nothing would change.
 * @param more of the object as it is; null: nothing
 * @returns whether something was written
 */
export async function writeConditions(
  env: HubEnv, type: ResourceType, known: KubeObject, conditions: (object: KubeObject) => readonly Condition[], manager: string, more: (object: KubeObject) => Json | null = () => null,
): Promise<boolean> {
  const { name, namespace } = known.metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  let object: KubeObject | null = known;
  for (let attempt = 1; object !== null; attempt++) {
    const next = withConditions(conditionsOf(object), conditions(object), env.time.now());
    const extra = more(object);
    if (!next && !extra) return false;
    try {
      const status = { ...extra, ...(next ? { conditions: next } : {}) };
      await env.client.patch(type, ref, { metadata: { resourceVersion: object.metadata.resourceVersion }, status }, { patchType: 'merge', subresource: 'status', fieldManager: manager });
      return true;
    } catch (error) {
      if (isKubeError(error, 'KUBE_NOT_FOUND')) return false;
      if (!isKubeError(error, 'KUBE_CONFLICT') || attempt >= TRIES) throw error;
      object = await env.client.find(type, ref);
    }
  }
  return false;
}

/** Creates an object; false where there is one of that name already. */
export async function createUnlessThere(env: HubEnv, type: ResourceType, object: KubeObject, manager: string): Promise<boolean> {
  try {
    await env.client.create(type, object, { fieldManager: manager });
    return true;
  } catch (error) {
    if (isKubeError(error, 'KUBE_ALREADY_EXISTS')) return false;
    throw error;
  }
}

/** Runs `work` over the items, at most `width` at once; the first failure stops the rest and is thrown. */
export async function eachAtOnce<T>(width: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
