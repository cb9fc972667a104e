import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { restoredForm, selectsKind, selectsObject, serverSelectors } from './velero-selection.js';
import { backupSpecOf } from './backup-templates.js';
import type { ScheduleType } from './words.js';

const object = (type: ResourceType, labels: Record<string, string> = {}, namespace?: string): KubeObject => ({
  apiVersion: type.group ? `${type.group}/${type.version}` : type.version, kind: type.kind,
  metadata: { name: 'x', labels, ...(type.namespaced ? { namespace: namespace ?? 'c1' } : {}) },
});

describe('which backup holds what', () => {
  const holders = (type: ResourceType, labels: Record<string, string>): ScheduleType[] =>
    (['credentials', 'resources', 'resourcesGeneric', 'managedClusters', 'validation'] as const).filter((schedule) => {
      const spec = backupSpecOf(schedule, '1h0m0s');
      return selectsKind(spec, type) && selectsObject(spec, object(type, labels));
    });
  const backup = 'cluster.open-cluster-management.io/backup';
  interface Row { because: string; type: ResourceType; labels: Record<string, string>; in: ScheduleType[] }
  test.each<Row>([
    { because: 'a labelled token', type: resources.secret, labels: { [backup]: 'msa' }, in: ['credentials'] },
    { because: 'an unlabelled token', type: resources.secret, labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' }, in: [] },
    { because: 'a Hive credential', type: resources.secret, labels: { 'hive.openshift.io/secret-type': 'kubeconfig' }, in: ['credentials'] },
    { because: 'a provider credential', type: resources.secret, labels: { 'cluster.open-cluster-management.io/type': 'aws' }, in: ['credentials'] },
    { because: 'a labelled ConfigMap', type: resources.configMap, labels: { [backup]: '' }, in: ['credentials'] },
    { because: 'a ManagedCluster', type: resources.managedCluster, labels: {}, in: ['managedClusters'] },
    { because: 'the local cluster', type: resources.managedCluster, labels: { 'velero.io/exclude-from-backup': 'true' }, in: [] },
    { because: 'an add-on', type: resources.managedClusterAddOn, labels: {}, in: ['managedClusters'] },
    { because: 'an account', type: resources.managedServiceAccount, labels: {}, in: ['resources'] },
    { because: 'the operator\u2019s own work', type: resources.manifestWork, labels: { [backup]: 'cluster-activation' }, in: ['resourcesGeneric'] },
    { because: 'any other work', type: resources.manifestWork, labels: {}, in: [] },
    { because: 'a Hive cluster', type: resources.clusterDeployment, labels: {}, in: ['managedClusters'] },
  ])('$because', ({ type, labels, in: expected }) => {
    expect(holders(type, labels)).toEqual(expected);
  });
});

describe('selection', () => {
  test.each([
    { because: 'no list takes all', spec: {}, takes: true },
    { because: 'by namespace', spec: { includedNamespaces: ['c1'] }, takes: true },
    { because: 'another namespace', spec: { includedNamespaces: ['c2'] }, takes: false },
    { because: 'a star', spec: { includedNamespaces: ['*'] }, takes: true },
    { because: 'excluded namespace', spec: { excludedNamespaces: ['c1'] }, takes: false },
  ])('$because', ({ spec, takes }) => {
    expect(selectsObject(spec, object(resources.secret))).toBe(takes);
  });

  test('the server is asked once for each alternative', () => {
    const exists = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] });
    expect(serverSelectors({ orLabelSelectors: [exists('a'), exists('b')], labelSelector: { matchLabels: { c: 'd' } } })).toEqual(['c=d,a', 'c=d,b']);
    expect(serverSelectors({ labelSelector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x', 'y'] }] } })).toEqual(['a notin (x,y)']);
    expect(serverSelectors({})).toEqual([undefined]);
  });

  test('what is restored has neither status nor owners nor anything that a server gave it', () => {
    const item: KubeObject = {
      apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { token: 'eA==' }, status: { x: 1 },
      metadata: {
        name: 'a', namespace: 'c1', uid: 'u', resourceVersion: '7', generation: 3, creationTimestamp: '2026-11-24T20:00:00Z', finalizers: ['f'],
        labels: { keep: 'me' }, annotations: { expirationTimestamp: '2027-01-01T00:00:00Z' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'y' }], managedFields: [],
      },
    };
    expect(restoredForm(item, { 'velero.io/backup-name': 'b' })).toEqual({
      apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { token: 'eA==' },
      metadata: { name: 'a', namespace: 'c1', labels: { keep: 'me', 'velero.io/backup-name': 'b' }, annotations: { expirationTimestamp: '2027-01-01T00:00:00Z' } },
    });
  });
});
