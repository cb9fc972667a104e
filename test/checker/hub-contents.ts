import { labels } from '../../src/common/rhacm-names.js';
import type { ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import type { CheckedHub, Content } from './checked-hub.js';

const BACKUP = 'open-cluster-management-backup';
const SOME = 6;

/** Everything that a change is made of: what cannot be told apart proves nothing, so each has a number of its own. */
interface Draft {
  readonly name: string;
  readonly cluster: string;
  readonly count: number;
  readonly pick: <T>(...of: T[]) => T;
}

type Make = (draft: Draft) => Content;

const at = (count: number): string => new Date(1_790_000_000_000 + count * 1_000).toISOString();
const inBackup = ({ name, count }: Draft, spec: object, status: object): Content => ({ metadata: { namespace: BACKUP, name, annotations: { count: String(count) } }, spec, status });

/** As RHACM's own are */
const labelled = ({ pick }: Draft, content: Content): Content => ({
  ...content, metadata: { ...content.metadata, labels: pick<Record<string, string>>({ [labels.backupScheduleType]: pick('credentials', 'resources', 'managedClusters') }, {}) },
});

/** What a hub is filled with: objects that are watched, and neighbours of theirs that are not. All are valid by the definitions that real hubs hold. */
const makers: readonly (readonly [ResourceType, Make])[] = [
  [resources.managedCluster, ({ cluster, count, pick }) => ({
    metadata: { name: cluster, labels: { vendor: pick('OpenShift', 'EKS'), 'local-cluster': pick('true', 'false') }, annotations: { count: String(count) } },
    spec: { managedClusterClientConfigs: [{ url: `https://api.${cluster}:${6443 + count}` }] },
    status: { conditions: [{ type: 'ManagedClusterConditionAvailable', status: pick('True', 'False', 'Unknown'), reason: 'Checked', message: `change ${count}`, lastTransitionTime: '2026-11-24T10:00:00Z' }] },
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
      annotations: { count: String(count), expirationTimestamp: at(count) },
    },
    type: 'Opaque', data: { token: Buffer.from(`token-${count}`).toString('base64') },
  })],
  [resources.clusterManagementAddOn, ({ count, pick }) => ({ metadata: { name: pick('managed-serviceaccount', 'work-manager'), annotations: { count: String(count) } }, spec: {} })],
  [resources.backupSchedule, (draft) => inBackup(draft, { veleroSchedule: '0 */2 * * *', veleroTtl: `${draft.count}h` }, { phase: draft.pick('New', 'Enabled', 'BackupCollision'), lastMessage: `change ${draft.count}` })],
  [resources.restore, (draft) => inBackup(draft, { cleanupBeforeRestore: 'None', veleroManagedClustersBackupName: draft.pick('skip', 'latest'), veleroResourcesBackupName: 'latest', veleroCredentialsBackupName: 'latest' }, { phase: draft.pick('Started', 'Finished', 'Error'), lastMessage: `change ${draft.count}` })],
  [resources.veleroSchedule, (draft) => labelled(draft, inBackup(draft, { schedule: '0 */2 * * *', template: {}, paused: draft.pick(false, true) }, { phase: draft.pick('New', 'Enabled'), lastBackup: at(draft.count) }))],
  [resources.veleroBackup, (draft) => labelled(draft, inBackup(draft, { storageLocation: draft.pick('a', 'b') }, { phase: draft.pick('New', 'InProgress', 'Completed', 'Failed'), startTimestamp: at(draft.count) }))],
  [resources.veleroRestore, (draft) => inBackup(draft, { backupName: draft.pick('a', 'b') }, { phase: draft.pick('New', 'Completed', 'Failed'), errors: draft.count })],
  [resources.backupStorageLocation, (draft) => inBackup(draft, { provider: 'aws', objectStorage: { bucket: `bucket-${draft.count}` } }, { phase: draft.pick('Available', 'Unavailable') })],
];

export const kindsOnHub: readonly ResourceType[] = makers.map(([type]) => type);

/** The namespaces that objects lie in. */
export const namespacesOnHub: readonly string[] = [BACKUP, ...Array.from({ length: SOME }, (_, i) => `c${i}`)];

/** Changes a hub by chance. */
export class HubContents {
  private count = 0;

  constructor(private readonly hub: CheckedHub) {}

  /** So many changes: an object is made, changed or removed. */
  async change(random: () => number, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1) await this.one(random);
  }

  /** A change of every kind that is watched, so that a watch which tells nothing any more is found out. */
  async touchAll(): Promise<void> {
    for (const [type, make] of makers) {
      // The first of each choice is one that is watched; Secrets are watched for two reasons.
      await this.touch(type, make(this.draft(() => 0)));
      if (type === resources.secret) await this.touch(type, { ...make(this.draft(() => 0)), metadata: { namespace: 'c0', name: 'pull', labels: { 'hive.openshift.io/secret-type': 'kubeconfig' }, annotations: { count: String(this.count) } } });
    }
  }

  /** An object as big as etcd takes. */
  async putBig(): Promise<void> {
    this.count += 1;
    const name = `c${this.count % SOME}`;
    await this.hub.put(resources.managedCluster, { metadata: { name, annotations: { count: String(this.count) } }, spec: { managedClusterClientConfigs: [{ url: `https://api.${name}:6443`, caBundle: 'x'.repeat(1024 * 1024) }] } });
  }

  private async touch(type: ResourceType, content: Content): Promise<void> {
    if (!(await this.hub.put(type, content))) throw new Error(`The hub does not serve ${type.plural}`);
  }

  private async one(random: () => number): Promise<void> {
    const [type, make] = makers[Math.floor(random() * makers.length)] ?? [];
    if (type === undefined || make === undefined) return;
    const content = make(this.draft(random));
    if (random() < 0.3) await this.hub.remove(type, content.metadata);
    else await this.hub.put(type, content);
  }

  private draft(random: () => number): Draft {
    this.count += 1;
    const number = Math.floor(random() * SOME);
    return { name: `o${number}`, cluster: `c${number}`, count: this.count, pick: (...of) => of[Math.floor(random() * of.length)] as (typeof of)[number] };
  }
}
