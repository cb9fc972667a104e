import type { KubeObject, ObjectRef, ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import type { SimulatedHub } from '../../src/simulator/simulated-hub.js';

const BACKUP = 'open-cluster-management-backup';
const SOME = 6;

/** Everything that a change is made of: what cannot be told apart proves nothing, so each has a number of its own. */
interface Draft {
  readonly name: string;
  readonly cluster: string;
  readonly count: number;
  readonly pick: <T>(...of: T[]) => T;
}

type Make = (draft: Draft) => Omit<KubeObject, 'apiVersion' | 'kind'>;

const inBackup = ({ name, count, pick }: Draft, status: object): Omit<KubeObject, 'apiVersion' | 'kind'> => ({
  metadata: { namespace: BACKUP, name, annotations: { count: String(count) } }, spec: { storageLocation: pick('a', 'b') }, status: { phase: pick('New', 'Enabled', 'Completed', 'Failed'), ...status },
});

/** What a hub is filled with: objects that are watched, and neighbours of theirs that are not. */
const makers: readonly (readonly [ResourceType, Make])[] = [
  [resources.managedCluster, ({ cluster, count, pick }) => ({
    metadata: { name: cluster, labels: { vendor: pick('OpenShift', 'EKS'), 'local-cluster': pick('true', 'false') }, annotations: { count: String(count) } },
    spec: { managedClusterClientConfigs: [{ url: `https://api.${cluster}:${6443 + count}` }] },
    status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: pick('True', 'False', 'Unknown'), message: `change ${count}`, lastTransitionTime: '2026-11-24T10:00:00Z' }] },
  })],
  [resources.managedClusterAddOn, ({ cluster, count, pick }) => ({
    metadata: { namespace: cluster, name: pick('managed-serviceaccount', 'managed-serviceaccount', 'work-manager'), annotations: { count: String(count) } }, spec: {}, status: { namespace: `agent-${count}` },
  })],
  [resources.managedServiceAccount, ({ cluster, count, pick }) => ({
    metadata: { namespace: cluster, name: pick('auto-import-account', 'auto-import-account-pair', 'other') }, spec: { rotation: { validity: `${count}h` } },
  })],
  [resources.manifestWork, ({ cluster, count, pick }) => ({
    metadata: { namespace: cluster, name: pick('addon-managed-serviceaccount-import', 'other'), annotations: { count: String(count) }, labels: pick<Record<string, string>>({ 'open-cluster-management.io/addon-name-work': 'managed-serviceaccount' }, {}) },
    spec: {},
  })],
  [resources.secret, ({ cluster, count, pick }) => ({
    metadata: {
      namespace: cluster, name: pick('auto-import-account', 'auto-import-account-pair', 'pull', 'other'),
      labels: pick<Record<string, string>>({ 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' }, { 'hive.openshift.io/secret-type': 'kubeconfig' }, {}),
      annotations: { count: String(count), expirationTimestamp: new Date(1_790_000_000_000 + count * 1_000).toISOString() },
    },
    type: 'Opaque', data: { token: Buffer.from(`token-${count}`).toString('base64') },
  })],
  [resources.clusterManagementAddOn, ({ count, pick }) => ({ metadata: { name: pick('managed-serviceaccount', 'work-manager'), annotations: { count: String(count) } }, spec: {} })],
  [resources.backupSchedule, (draft) => ({ ...inBackup(draft, { lastMessage: `change ${draft.count}` }), spec: { veleroSchedule: '0 */2 * * *', veleroTtl: `${draft.count}h` } })],
  [resources.restore, (draft) => inBackup(draft, { lastMessage: `change ${draft.count}` })],
  [resources.veleroSchedule, (draft) => inBackup(draft, { lastBackup: new Date(1_790_000_000_000 + draft.count * 1_000).toISOString() })],
  [resources.veleroBackup, (draft) => inBackup(draft, { startTimestamp: new Date(1_790_000_000_000 + draft.count * 1_000).toISOString() })],
  [resources.veleroRestore, (draft) => inBackup(draft, { errors: draft.count })],
  [resources.backupStorageLocation, (draft) => ({ ...inBackup(draft, {}), spec: { provider: 'aws', objectStorage: { bucket: `bucket-${draft.count}` } } })],
];

export const kindsOnHub: readonly ResourceType[] = makers.map(([type]) => type);


/** Changes a simulated hub by chance. */
export class HubContents {
  private count = 0;

  constructor(private readonly hub: SimulatedHub) {}

  /** So many changes: an object is made, changed or removed. */
  change(random: () => number, times: number): void {
    for (let i = 0; i < times; i += 1) this.one(random);
  }

  /** A change of every kind that is watched, so that a watch which tells nothing any more is found out. */
  touchAll(): void {
    for (const [type, make] of makers) {
      // The first of each choice is one that is watched; Secrets are watched for two reasons.
      this.put(type, make(this.draft(() => 0)));
      if (type === resources.secret) this.put(type, { ...make(this.draft(() => 0)), metadata: { namespace: 'c0', name: 'pull', labels: { 'hive.openshift.io/secret-type': 'kubeconfig' }, annotations: { count: String(this.count) } } });
    }
  }

  /** An object as big as etcd takes. */
  putBig(): void {
    this.count += 1;
    this.put(resources.managedCluster, { metadata: { name: `c${this.count % SOME}`, annotations: { count: String(this.count), big: 'x'.repeat(1024 * 1024) } }, spec: {} });
  }

  private one(random: () => number): void {
    const [type, make] = makers[Math.floor(random() * makers.length)] ?? [];
    if (type === undefined || make === undefined) return;
    const object = make(this.draft(random));
    if (random() < 0.3) this.hub.remove(type, object.metadata as ObjectRef);
    else this.put(type, object);
  }

  private draft(random: () => number): Draft {
    this.count += 1;
    const number = Math.floor(random() * SOME);
    return { name: `o${number}`, cluster: `c${number}`, count: this.count, pick: (...of) => of[Math.floor(random() * of.length)] as (typeof of)[number] };
  }

  private put(type: ResourceType, object: Omit<KubeObject, 'apiVersion' | 'kind'>): void {
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
    const uid = this.hub.object(type, object.metadata)?.metadata.uid;
    this.hub.seed([{ apiVersion, kind: type.kind, ...object, metadata: { ...object.metadata, ...(uid === undefined ? {} : { uid }) } }]);
  }
}
