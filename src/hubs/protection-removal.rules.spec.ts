import type { ManagedFieldsEntry, ObjectMeta } from '../kube/kube.types.js';
import { clustersLosingTokens, judge, listHash, removalList, unlabelPatch, type SeenObject } from './protection-removal.rules.js';
import type { RemovedKind } from './protection-removal.types.js';

const MSA = 'authentication.open-cluster-management.io/is-managed-serviceaccount';
const BACKUP = 'cluster.open-cluster-management.io/backup';
const WORK = 'open-cluster-management.io/addon-name-work';

const fields = (...paths: string[]): unknown => {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let here = root;
    for (const key of path.split('>')) here = (here[key] ??= {}) as Record<string, unknown>;
  }
  return root;
};
const entry = (manager: string, operation: 'Apply' | 'Update', paths: string[], subresource?: string): ManagedFieldsEntry => ({
  manager, operation, fieldsType: 'FieldsV1', fieldsV1: fields(...paths), ...(subresource === undefined ? {} : { subresource }),
});
const label = (key: string): string => `f:metadata>f:labels>f:${key}`;
const note = (key: string): string => `f:metadata>f:annotations>f:${key}`;
const object = (kind: RemovedKind, name: string, managedFields: ManagedFieldsEntry[], more: Partial<ObjectMeta> = {}): SeenObject => ({
  kind, metadata: { name, namespace: 'c1', uid: `uid-of-${name}`, resourceVersion: '7', managedFields, ...more },
});
const ACCOUNT = ['f:spec>f:rotation>f:validity', 'f:spec>f:rotation>f:enabled', label(MSA)];
const made = entry('lifeboat', 'Apply', ACCOUNT);
const account = (managedFields: ManagedFieldsEntry[], name = 'auto-import-account') => object('ManagedServiceAccount', name, managedFields);
const marked = entry('lifeboat', 'Update', [label(BACKUP), note('expirationTimestamp'), note('lastRefreshTimestamp')]);
const agent = entry('agent', 'Update', ['f:data>f:token', label(MSA)]);
const secret = (managedFields: ManagedFieldsEntry[], more: Partial<ObjectMeta> = {}) => object('Secret', 'auto-import-account', managedFields, { labels: { [BACKUP]: 'msa' }, ...more });

test.each<{ because: string; seen: SeenObject; action: string | null | undefined }>([
  { because: 'we made it', seen: account([made]), action: 'DELETE' },
  { because: 'the agent only reports', seen: account([made, entry('agent', 'Update', ['f:status>f:expirationTimestamp'], 'status')]), action: 'DELETE' },
  { because: 'finalizers and owners are housekeeping', seen: account([made, entry('gc', 'Update', ['f:metadata>f:finalizers>v:"x"', 'f:metadata>f:ownerReferences>k:{"uid":"1"}'])]), action: 'DELETE' },
  { because: 'the operator has changed its validity', seen: account([entry('lifeboat', 'Apply', [label(MSA), 'f:spec>f:rotation>f:enabled']), entry('cluster-backup-operator', 'Update', ['f:spec>f:rotation>f:validity'])]), action: null },
  { because: 'somebody owns a field with us', seen: account([made, entry('kubectl', 'Apply', [label(MSA)])]), action: null },
  { because: 'the operator made it, and we changed its validity', seen: account([entry('cluster-backup-operator', 'Update', ACCOUNT), entry('lifeboat', 'Update', ['f:spec>f:rotation>f:validity'])]), action: null },
  { because: 'we never touched it', seen: account([entry('cluster-backup-operator', 'Update', ACCOUNT)]), action: undefined },
  { because: 'nobody keeps a record of it', seen: account([]), action: undefined },
  { because: 'it goes already', seen: { kind: 'ManagedServiceAccount', metadata: { ...account([made]).metadata, deletionTimestamp: '2026-11-24T07:00:00Z' } }, action: undefined },
  { because: 'an account of another name is none that we make', seen: account([made], 'auto-import-account-2'), action: undefined },
  { because: 'another manager with our name in it is another', seen: account([entry('lifeboat-fork', 'Apply', ACCOUNT)]), action: undefined },
  { because: 'our add-on', seen: object('ManagedClusterAddOn', 'managed-serviceaccount', [entry('lifeboat', 'Apply', [label(MSA), 'f:spec'])]), action: 'DELETE' },
  { because: 'an add-on with an install namespace of somebody', seen: object('ManagedClusterAddOn', 'managed-serviceaccount', [entry('lifeboat', 'Apply', [label(MSA)]), entry('kubectl-edit', 'Update', ['f:spec>f:installNamespace'])]), action: null },
  { because: 'our work in a custom namespace', seen: object('ManifestWork', 'addon-managed-serviceaccount-import-custom-2', [entry('lifeboat', 'Apply', [label(WORK), label(BACKUP), 'f:spec>f:workload>f:manifests'])]), action: 'DELETE' },
  { because: 'a restored work is Velero\u2019s', seen: object('ManifestWork', 'addon-managed-serviceaccount-import', [entry('velero-server', 'Update', [label(WORK), 'f:spec>f:workload>f:manifests'])]), action: undefined },
  { because: 'the label is ours', seen: secret([agent, marked]), action: 'UNLABEL' },
  { because: 'the label is the operator\u2019s, the notes are ours', seen: secret([agent, entry('cluster-backup-operator', 'Update', [label(BACKUP)]), entry('lifeboat', 'Update', [note('expirationTimestamp')])]), action: null },
  { because: 'the label is everybody\u2019s', seen: secret([agent, marked, entry('kubectl', 'Apply', [label(BACKUP)])]), action: null },
  { because: 'somebody gave it another value', seen: secret([agent, marked], { labels: { [BACKUP]: 'cluster-activation' } }), action: null },
  { because: 'we never touched it', seen: secret([agent]), action: undefined },
])('$action: $because', ({ seen, action }) => {
  expect(judge(seen)?.action).toBe(action);
});

test('a Secret goes with its account; one whose account stays loses its label, and only the notes that are ours', () => {
  const owned = secret([agent, marked], { ownerReferences: [{ apiVersion: 'x', kind: 'ManagedServiceAccount', name: 'auto-import-account', uid: 'uid-of-auto-import-account' }], uid: 's1' });
  expect(removalList([owned, account([made])]).targets.map(({ kind, action }) => [kind, action])).toEqual([['Secret', 'FOLLOWS'], ['ManagedServiceAccount', 'DELETE']]);
  const theirs = account([entry('kubectl', 'Update', ACCOUNT)]);
  expect(removalList([owned, theirs]).targets.map(({ kind, action }) => [kind, action])).toEqual([['Secret', 'UNLABEL']]);
  expect(unlabelPatch(secret([agent, marked, entry('kubectl', 'Apply', [note('lastRefreshTimestamp')])]).metadata)).toEqual({
    metadata: { uid: 'uid-of-auto-import-account', resourceVersion: '7', labels: { [BACKUP]: null }, annotations: { expirationTimestamp: null } },
  });
});

test('the hash is of the list: the same objects, in whatever order the hub told them, whatever their status', () => {
  const add = object('ManagedClusterAddOn', 'managed-serviceaccount', [entry('lifeboat', 'Apply', [label(MSA)])]);
  const hash = (objects: SeenObject[]) => listHash('h', removalList(objects).targets);
  const moved = { ...add, metadata: { ...add.metadata, resourceVersion: '99' } };
  expect(hash([add, account([made])])).toBe(hash([account([made]), moved]));
  expect(hash([add])).not.toBe(hash([add, account([made])]));
  expect(hash([add])).not.toBe(hash([{ ...add, metadata: { ...add.metadata, uid: 'another' } }]));
  expect(listHash('other', removalList([add]).targets)).not.toBe(hash([add]));
});

test('a cluster loses its tokens only where none stays in the selection', () => {
  const first = secret([agent, marked], { uid: 's1' });
  const pair = object('Secret', 'auto-import-account-pair', [agent, entry('operator', 'Update', [label(BACKUP)])], { labels: { [BACKUP]: 'msa' }, uid: 's2' });
  const unlabelled = object('Secret', 'auto-import-account-pair', [agent], { uid: 's3' });
  const losing = (objects: SeenObject[]) => clustersLosingTokens(objects, removalList(objects).targets);
  expect(losing([first])).toEqual(['c1']);
  expect(losing([first, unlabelled])).toEqual(['c1']);
  expect(losing([first, pair])).toEqual([]);
  expect(losing([unlabelled])).toEqual([]);
});
