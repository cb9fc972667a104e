import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import type { ClusterSpec } from '../actors/clusters.js';
import { base64 } from '../actors/json.js';
import { ANNOTATION, LABEL } from '../actors/words.js';
import { SeededRandom } from '../store/random.js';

/**
 * What is the matter with a cluster of the demo's fleet.
 * `good`: comes back. `unreachable`: the target cannot reach its API, which shows at the import. `asleep`: slept when the accounts were
 * made, so it has no token. `noUrl`: EKS, tells no API URL and grants 24 h. `hive`: comes back by itself. `hosted`: nobody acts for it.
 * `lateToken`: its token appears only once the credentials backup has been taken. `shortToken`: grants tokens of one hour.
 */
export type FleetGroup = 'good' | 'unreachable' | 'asleep' | 'noUrl' | 'hive' | 'hosted' | 'lateToken' | 'shortToken';

export interface FleetCluster extends ClusterSpec {
  readonly group: FleetGroup;
  readonly labels: Readonly<Record<string, string>>;
  /** Of Hive's: a deletion would destroy it, and its kubeconfig is in no backup */
  readonly unsafe?: boolean;
}

export interface DemoFleetOptions {
  readonly count: number;
  readonly seed: number;
  /** Where the clusters are joined at first */
  readonly source: string;
  /** The hub that cannot reach the `unreachable` group */
  readonly target: string;
}

/** Parts of a thousand; the rest is good. Each group has at least one cluster in a fleet of eight or more. */
const SHARES: readonly (readonly [FleetGroup, number])[] = [
  ['unreachable', 30], ['asleep', 30], ['noUrl', 40], ['hive', 30], ['hosted', 20], ['lateToken', 30], ['shortToken', 30],
];

const HOUR_MS = 3_600_000;
const SITES = ['ams', 'ber', 'chi', 'dub', 'fra', 'lon', 'nyc', 'osl', 'par', 'tyo'];
const USES = ['build', 'edge', 'pay', 'shop', 'web'];

/** The clusters of a world, with what is to be expected of each. */
export class Fleet {
  constructor(readonly clusters: readonly FleetCluster[]) {}

  names(group: FleetGroup): string[] {
    return this.clusters.filter((cluster) => cluster.group === group).map(({ name }) => name);
  }

  get counts(): Readonly<Record<FleetGroup, number>> {
    const counts = { good: 0, unreachable: 0, asleep: 0, noUrl: 0, hive: 0, hosted: 0, lateToken: 0, shortToken: 0 };
    for (const { group } of this.clusters) counts[group]++;
    return counts;
  }
}

/** The mix that the demo shows: mostly good clusters and some of every group. The same seed gives the same fleet. */
export function demoFleet(options: DemoFleetOptions): Fleet {
  const random = new SeededRandom(options.seed);
  const groups: FleetGroup[] = [];
  for (const [group, share] of SHARES) {
    const size = options.count < SHARES.length + 1 ? 0 : Math.max(1, Math.round((options.count * share) / 1000));
    for (let i = 0; i < size; i++) groups.push(group);
  }
  while (groups.length < options.count) groups.push('good');
  shuffle(groups, random);
  return new Fleet(groups.map((group, index) => fleetCluster(group, index, options, random)));
}

function shuffle<T>(items: T[], random: SeededRandom): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    const [a, b] = [items[i], items[j]];
    if (a === undefined || b === undefined) continue;
    items[i] = b;
    items[j] = a;
  }
}

function fleetCluster(group: FleetGroup, index: number, { source, target }: DemoFleetOptions, random: SeededRandom): FleetCluster {
  const pick = (from: readonly string[]): string => from[Math.floor(random.next() * from.length)] ?? '';
  const name = `${pick(USES)}-${pick(SITES)}-${String(index + 1).padStart(4, '0')}`;
  const kind = group === 'noUrl' ? 'eks' : group === 'hive' ? 'hive' : group === 'hosted' ? 'hosted' : 'openshift';
  return {
    name, kind, group, hub: source,
    labels: { cloud: 'Amazon', vendor: kind === 'eks' ? 'EKS' : 'OpenShift', name, 'cluster.open-cluster-management.io/clusterset': 'default' },
    ...(group === 'unreachable' ? { unreachableFrom: [target] } : {}),
    ...(group === 'asleep' ? { asleep: true } : {}),
    ...(group === 'lateToken' ? { agentHeld: true } : {}),
    ...(group === 'shortToken' ? { grantedLifeCapMs: HOUR_MS } : {}),
  };
}

/** What stands on the source hub for a cluster before anyone protects it, in the order in which it is made. */
export function objectsOf(cluster: FleetCluster): { readonly type: ResourceType; readonly object: KubeObject }[] {
  const { name, kind } = cluster;
  const hosted = kind === 'hosted' ? { annotations: { [ANNOTATION.deployMode]: 'Hosted', 'import.open-cluster-management.io/hosting-cluster-name': 'local-cluster' } } : {};
  const spec = {
    hubAcceptsClient: true, leaseDurationSeconds: 60,
    ...(kind === 'eks' ? {} : { managedClusterClientConfigs: [{ url: `https://api.${name}.example:6443`, caBundle: base64(`ca of ${name}`) }] }),
  };
  return [
    { type: resources.namespace, object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [LABEL.managedNamespace]: name } } } },
    ...(kind === 'hive' ? hiveObjects(name, cluster.unsafe !== true) : []),
    { type: resources.managedCluster, object: { apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name, labels: { ...cluster.labels }, ...hosted }, spec } },
  ];
}

function hiveObjects(name: string, safe: boolean): { type: ResourceType; object: KubeObject }[] {
  const secret = (suffix: string, type: string, data: Record<string, string>): { type: ResourceType; object: KubeObject } => ({
    type: resources.secret,
    object: { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: `${name}-${suffix}`, namespace: name, labels: { ...(safe || type !== 'kubeconfig' ? { [LABEL.hiveSecret]: type } : {}), 'hive.openshift.io/cluster-deployment-name': name } }, data },
  });
  return [
    secret('admin-kubeconfig', 'kubeconfig', { kubeconfig: base64(`kubeconfig of ${name}`) }),
    secret('admin-password', 'kubeadmincreds', { username: base64('kubeadmin'), password: base64('not a password') }),
    {
      type: resources.clusterDeployment,
      object: {
        apiVersion: 'hive.openshift.io/v1', kind: 'ClusterDeployment', metadata: { name, namespace: name },
        spec: {
          baseDomain: 'example', clusterName: name, installed: true, ...(safe ? { preserveOnDelete: true } : {}), platform: { none: {} },
          clusterMetadata: { clusterID: name, infraID: name, adminKubeconfigSecretRef: { name: `${name}-admin-kubeconfig` } },
        },
      },
    },
  ];
}
