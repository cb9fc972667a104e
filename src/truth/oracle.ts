import type { ManagedClusterSim } from '../simulator/actors/clusters.js';
import { isTrue } from '../simulator/actors/conditions.js';
import type { SimulatedHub } from '../simulator/simulated-hub.js';
import type { World } from '../simulator/scenarios/world.js';
import { resources } from '../kube/resources.js';
import type { KubeObject } from '../kube/kube.types.js';

/** What truly stands between a cluster and the target, as the simulated world has it. */
export const obstacles = ['NOT_RESTORED', 'IMPORT_DISABLED', 'NO_URL', 'NO_TOKEN', 'EMPTY_TOKEN', 'EXPIRED_TOKEN', 'REFUSED_TOKEN', 'UNREACHABLE'] as const;
export type Obstacle = (typeof obstacles)[number];

export interface Happened {
  /** Its klusterlet serves the target, and the target says that it is available */
  readonly back: boolean;
  /** All that hold, whichever came first; of a cluster that is back none is asked for */
  readonly obstacles: readonly Obstacle[];
}

/**
 * Asks the world, not the service: where the klusterlet points, what the target's store holds, what the cluster thinks of its tokens, now and
 * what it thought of them when the failover began.
 */
export function happenedTo(name: string, world: World, hub: SimulatedHub, failoverAt: Date): Happened {
  const object = hub.object(resources.managedCluster, { name });
  const cluster = world.clusters.find(name);
  const back = object !== null && cluster?.isServedBy(hub.name) === true && isTrue(object, 'ManagedClusterConditionAvailable');
  if (back) return { back, obstacles: [] };
  if (object === null) return { back, obstacles: ['NOT_RESTORED'] };
  const found: Obstacle[] = [];
  if (object.metadata.annotations?.['import.open-cluster-management.io/disable-auto-import'] !== undefined) found.push('IMPORT_DISABLED');
  const configs = (object.spec as { managedClusterClientConfigs?: { url?: string }[] } | undefined)?.managedClusterClientConfigs;
  const url = configs?.[0]?.url ?? '';
  if (url === '') found.push('NO_URL');
  if (cluster?.isReachableFrom(hub.name) !== true || (url !== '' && url !== cluster.apiUrl)) found.push('UNREACHABLE');
  const secrets = hub.objects(resources.secret, name).filter(({ metadata }) => metadata.name.startsWith('auto-import-account'));
  return { back, obstacles: [...found, ...tokenObstacles(secrets, cluster, failoverAt, world.clock.now())] };
}

function tokenObstacles(secrets: readonly KubeObject[], cluster: ManagedClusterSim | undefined, failoverAt: Date, now: Date): Obstacle[] {
  if (secrets.length === 0) return ['NO_TOKEN'];
  const found = new Set(secrets.flatMap((secret) => [failoverAt, now].flatMap((at) => tokenObstacle(secret, cluster, at) ?? [])));
  const usable = secrets.some((secret) => tokenObstacle(secret, cluster, now) === null);
  return usable ? [] : [...found];
}

function tokenObstacle(secret: KubeObject, cluster: ManagedClusterSim | undefined, now: Date): Obstacle | null {
  const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString('utf8');
  if (token === '') return 'EMPTY_TOKEN';
  const verdict = cluster?.reviewToken(token, now);
  if (verdict === undefined) return 'REFUSED_TOKEN';
  if (!verdict.ok) return verdict.why.includes('expired') ? 'EXPIRED_TOKEN' : 'REFUSED_TOKEN';
  return cluster?.mayUpdateBootstrap(verdict.subject) === true ? null : 'REFUSED_TOKEN';
}
