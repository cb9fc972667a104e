/**
 * Worlds of one cluster's tokens, and what the hub's own backup operator would write in each. Read off sections 2 to 5 of the RHACM facts and
 * the operator's source, with literal names of its own: it shares nothing with the service's rules, so that a mistake there shows.
 */
import type { KubeObject } from '../../src/kube/kube.types.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;

export const axes = {
  origin: ['IMPORTED', 'HIVE', 'HOSTED', 'LOCAL'],
  addOn: ['PRESENT', 'CUSTOM_NAMESPACE', 'ABSENT'],
  /** OTHER_VALIDITY: the schedule was changed since */
  account: ['PRESENT', 'OTHER_VALIDITY', 'DELETING', 'ABSENT'],
  /** OWNER_GONE: of an account before this one; NO_ACCOUNT_LABEL: something old by the same name */
  secret: ['OWNED', 'OWNER_GONE', 'NO_ACCOUNT_LABEL', 'NONE'],
  /** Where the first token stands in its life; THERE: the pair has been made */
  pair: ['TOO_EARLY', 'DUE', 'WINDOW_MISSED', 'THERE'],
  works: ['PRESENT', 'ABSENT'],
  oldCustomWorks: [false, true],
  /** The backup label on the Secret */
  label: ['NONE', 'BACKUP', 'TYPE', 'HIVE'],
} as const;

export type TokenWorld = { readonly [A in keyof typeof axes]: (typeof axes)[A][number] };

/** Every combination. */
export function allWorlds(): TokenWorld[] {
  let worlds: Record<string, unknown>[] = [{}];
  for (const [axis, values] of Object.entries(axes)) worlds = worlds.flatMap((world) => values.map((value) => ({ ...world, [axis]: value })));
  return worlds as TokenWorld[];
}

export const worldInWords = (world: TokenWorld): string => Object.entries(world).map(([axis, value]) => `${axis} ${value}`).join(', ');

/** Asked for by a schedule with veleroTtl 120h. */
export const WORLD_VALIDITY = '240h0m0s';
const LIFE_MS = 240 * HOUR;
const CUSTOM = 'my-addons';
const DEFAULT_NAMESPACE = 'open-cluster-management-agent-addon';
const FIRST = 'auto-import-account';
const PAIR = 'auto-import-account-pair';
const ACCOUNT_LABEL = 'authentication.open-cluster-management.io/is-managed-serviceaccount';

const AGE_MS = { TOO_EARLY: 60 * HOUR, DUE: LIFE_MS / 2 + 5 * MINUTE, WINDOW_MISSED: LIFE_MS / 2 + 20 * MINUTE, THERE: LIFE_MS / 2 + 20 * MINUTE } as const;

const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const uidOf = (cluster: string, account: string): string => `uid-of-${cluster}-${account}`;

/** The life of each token, as RFC 3339. */
function timesOf(world: TokenWorld, account: string, now: Date): { expirationTimestamp: string; lastRefreshTimestamp: string } {
  const refreshedMs = now.getTime() - (account === FIRST ? AGE_MS[world.pair] : 10 * MINUTE);
  return { expirationTimestamp: stamp(refreshedMs + LIFE_MS), lastRefreshTimestamp: stamp(refreshedMs) };
}

const LABELS = {
  NONE: {}, BACKUP: { 'cluster.open-cluster-management.io/backup': 'msa' }, TYPE: { 'cluster.open-cluster-management.io/type': 'aws' }, HIVE: { 'hive.openshift.io/secret-type': 'kubeconfig' },
} as const;

function accountObject(world: TokenWorld, cluster: string, name: string, now: Date): KubeObject {
  const { expirationTimestamp, lastRefreshTimestamp } = timesOf(world, name, now);
  const state = name === FIRST ? world.account : 'PRESENT';
  return {
    apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount',
    metadata: {
      name, namespace: cluster, uid: uidOf(cluster, name), labels: { [ACCOUNT_LABEL]: FIRST },
      ...(state === 'DELETING' ? { deletionTimestamp: stamp(now.getTime() - MINUTE), finalizers: ['foregroundDeletion'] } : {}),
    },
    spec: { rotation: { enabled: true, validity: state === 'OTHER_VALIDITY' ? '100h0m0s' : WORLD_VALIDITY } },
    status: { expirationTimestamp, tokenSecretRef: { name, lastRefreshTimestamp }, conditions: [{ type: 'TokenReported', status: 'True' }] },
  };
}

function secretObject(world: TokenWorld, cluster: string, name: string, now: Date): KubeObject {
  const state = name === FIRST ? world.secret : 'OWNED';
  const label = name === FIRST ? world.label : 'BACKUP';
  const { expirationTimestamp, lastRefreshTimestamp } = timesOf(world, name, now);
  const owner = { apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', name, uid: state === 'OWNED' ? uidOf(cluster, name) : 'uid-of-long-ago' };
  return {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: {},
    metadata: {
      name, namespace: cluster, uid: `uid-of-secret-${cluster}-${name}`, creationTimestamp: stamp(now.getTime() - 60 * HOUR),
      labels: { ...(state === 'NO_ACCOUNT_LABEL' ? {} : { [ACCOUNT_LABEL]: 'true' }), ...LABELS[label] },
      // What has the backup label has had a pass of the operator since, and so both times.
      ...(label === 'BACKUP' ? { annotations: { expirationTimestamp, lastRefreshTimestamp } } : {}),
      ...(state === 'NO_ACCOUNT_LABEL' ? {} : { ownerReferences: [owner] }),
    },
  };
}

const workName = (account: string, tail = ''): string => `addon-managed-serviceaccount-import${account === PAIR ? '-pair' : ''}${tail}`;

function workObject(cluster: string, account: string, namespace: string, tail: string): KubeObject {
  return {
    apiVersion: 'work.open-cluster-management.io/v1', kind: 'ManifestWork',
    metadata: {
      name: workName(account, tail), namespace: cluster,
      labels: { 'open-cluster-management.io/addon-name-work': 'managed-serviceaccount', 'cluster.open-cluster-management.io/backup': 'cluster-activation' },
    },
    spec: {
      workload: {
        manifests: [{
          apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: `managedserviceaccount-import${account === PAIR ? '-pair' : ''}${tail}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'klusterlet-bootstrap-kubeconfig' },
          subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
        }],
      },
    },
  };
}

/** With a custom add-on namespace there are two of them. */
const worksOf = (world: TokenWorld, cluster: string, account: string): KubeObject[] => [
  workObject(cluster, account, DEFAULT_NAMESPACE, ''),
  ...(world.addOn === 'CUSTOM_NAMESPACE' ? [workObject(cluster, account, CUSTOM, '-custom-2')] : []),
];

const addOnObject = (world: TokenWorld, cluster: string): KubeObject => ({
  apiVersion: 'addon.open-cluster-management.io/v1alpha1', kind: 'ManagedClusterAddOn', metadata: { name: 'managed-serviceaccount', namespace: cluster, labels: { [ACCOUNT_LABEL]: FIRST } }, spec: {},
  status: { namespace: world.addOn === 'CUSTOM_NAMESPACE' ? CUSTOM : DEFAULT_NAMESPACE, conditions: [{ type: 'Available', status: 'True' }] },
});

/** The ManagedCluster itself. */
export const clusterOf = (world: TokenWorld, cluster: string): KubeObject => ({
  apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster',
  metadata: {
    name: cluster,
    ...(world.origin === 'LOCAL' ? { labels: { 'local-cluster': 'true' } } : {}),
    ...(world.origin === 'HOSTED' ? { annotations: { 'import.open-cluster-management.io/klusterlet-deploy-mode': 'Hosted' } } : {}),
  },
  spec: {}, status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: 'True' }] },
});

/** What stands in the cluster's namespace on the hub. */
export function contentsOf(world: TokenWorld, cluster: string, now: Date): KubeObject[] {
  const names = world.pair === 'THERE' ? [FIRST, PAIR] : [FIRST];
  return [
    ...(world.origin === 'HIVE' ? [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: `${cluster}-admin`, namespace: cluster, labels: { 'hive.openshift.io/secret-type': 'kubeconfig' } } }] : []),
    ...(world.addOn === 'ABSENT' ? [] : [addOnObject(world, cluster)]),
    ...names.filter((name) => name === PAIR || world.account !== 'ABSENT').map((name) => accountObject(world, cluster, name, now)),
    ...names.filter((name) => name === PAIR || world.secret !== 'NONE').map((name) => secretObject(world, cluster, name, now)),
    ...(world.works === 'PRESENT' ? names.flatMap((name) => worksOf(world, cluster, name)) : []),
    ...(world.oldCustomWorks ? [FIRST, PAIR].map((name) => workObject(cluster, name, CUSTOM, '-custom')) : []),
  ];
}

export interface ExpectedWrite {
  readonly verb: 'CREATE' | 'PATCH' | 'DELETE';
  readonly kind: string;
  /** `namespace/name` */
  readonly at: string;
  /** null for a deletion */
  readonly body: unknown;
}

const create = (object: KubeObject): ExpectedWrite => ({ verb: 'CREATE', kind: object.kind, at: `${object.metadata.namespace}/${object.metadata.name}`, body: object });

/** On a Secret that it finds: the label where none of the three is there, and both times of the account's status where they differ. */
function marksOf(world: TokenWorld, cluster: string, name: string, now: Date): ExpectedWrite[] {
  const secret = secretObject(world, cluster, name, now);
  if (secret.metadata.labels?.[ACCOUNT_LABEL] !== 'true') return [];
  const label = name === FIRST && world.label === 'NONE' ? { 'cluster.open-cluster-management.io/backup': 'msa' } : null;
  const hasAccount = name === PAIR || world.account !== 'ABSENT';
  const annotations = hasAccount && secret.metadata.annotations === undefined ? timesOf(world, name, now) : null;
  if (label === null && annotations === null) return [];
  return [{ verb: 'PATCH', kind: 'Secret', at: `${cluster}/${name}`, body: { metadata: { ...(label === null ? {} : { labels: label }), ...(annotations === null ? {} : { annotations }) } } }];
}

const madeAccount = (cluster: string, name: string): KubeObject => ({
  apiVersion: 'authentication.open-cluster-management.io/v1beta1', kind: 'ManagedServiceAccount', metadata: { name, namespace: cluster, labels: { [ACCOUNT_LABEL]: FIRST } },
  spec: { rotation: { enabled: true, validity: WORLD_VALIDITY } },
});

/** Where we know better than the operator, or cannot do as it does. The names say what is done instead. */
export interface Differences {
  /** A hosted cluster's token serves nobody: nothing is made for it */
  readonly hostedAreLeftAlone: boolean;
  /** The pair is made at any time after half of the life, not in a quarter of an hour alone */
  readonly pairAtAnyTimeAfterHalf: boolean;
  /** The pair's role binding is made anew, also where its account is there already */
  readonly pairBindingIsMended: boolean;
  /** An account on its way out is neither patched nor given a pair */
  readonly deletionsAreWaitedFor: boolean;
  /** A Secret of the account's name without the account's label is left to the agent, which takes it over */
  readonly unlabelledLeftoversAreLeft: boolean;
}

export const THE_OPERATOR: Differences = {
  hostedAreLeftAlone: false, pairAtAnyTimeAfterHalf: false, pairBindingIsMended: false, deletionsAreWaitedFor: false, unlabelledLeftoversAreLeft: false,
};
export const LIFEBOAT: Differences = {
  hostedAreLeftAlone: true, pairAtAnyTimeAfterHalf: true, pairBindingIsMended: true, deletionsAreWaitedFor: true, unlabelledLeftoversAreLeft: true,
};

/** Everything that one pass over the cluster writes, in any order. */
export function expectedWrites(world: TokenWorld, cluster: string, now: Date, differences: Differences): ExpectedWrite[] {
  // Any Secret with Hive's label makes it a cluster of Hive's, the token's own too.
  const hive = world.origin === 'HIVE' || (world.label === 'HIVE' && world.secret !== 'NONE');
  if (world.origin === 'LOCAL' || hive || (world.origin === 'HOSTED' && differences.hostedAreLeftAlone)) return [];
  const missingWorks = (name: string): ExpectedWrite[] => worksOf(world, cluster, name).filter(() => world.works === 'ABSENT').map(create);
  const hasLeftover = world.secret !== 'NONE' && !(world.secret === 'NO_ACCOUNT_LABEL' && differences.unlabelledLeftoversAreLeft);
  const leftoverGoes = world.account === 'ABSENT' && hasLeftover;
  const patched = world.account === 'OTHER_VALIDITY';
  const first: ExpectedWrite[] =
    world.account === 'ABSENT'
      ? [...(leftoverGoes ? [{ verb: 'DELETE' as const, kind: 'Secret', at: `${cluster}/${FIRST}`, body: null }] : []), create(madeAccount(cluster, FIRST))]
      : patched
        ? [{ verb: 'PATCH', kind: 'ManagedServiceAccount', at: `${cluster}/${FIRST}`, body: { spec: { rotation: { validity: WORLD_VALIDITY } } } }]
        : [];
  const hasLife = world.account !== 'ABSENT' && !(world.account === 'DELETING' && differences.deletionsAreWaitedFor);
  const isDue = hasLife && (world.pair === 'DUE' || (world.pair === 'WINDOW_MISSED' && differences.pairAtAnyTimeAfterHalf));
  const pair: ExpectedWrite[] = isDue
    ? [create(madeAccount(cluster, PAIR)), ...worksOf(world, cluster, PAIR).map(create)]
    : world.pair === 'THERE' && differences.pairBindingIsMended ? missingWorks(PAIR) : [];
  const old = world.oldCustomWorks ? [FIRST, PAIR].map((name): ExpectedWrite => ({ verb: 'DELETE', kind: 'ManifestWork', at: `${cluster}/${workName(name, '-custom')}`, body: null })) : [];
  return [
    ...(world.secret !== 'NONE' && !leftoverGoes ? marksOf(world, cluster, FIRST, now) : []),
    ...(world.pair === 'THERE' ? marksOf(world, cluster, PAIR, now) : []),
    ...(world.addOn === 'ABSENT' ? [create({ ...addOnObject(world, cluster), status: undefined })] : []),
    ...first,
    ...missingWorks(FIRST),
    ...pair,
    ...old,
  ];
}
