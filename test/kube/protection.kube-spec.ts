import fc from 'fast-check';
import { HubInputInvalidError } from '../../src/hubs/hubs.errors.js';
import { parseSelector, selects, type Labels } from '../../src/hubs/label-selector.rules.js';
import { ProtectionObjects } from '../../src/hubs/protection-objects.service.js';
import type { ClaimedItem } from '../../src/hubs/protection-removal.repository.js';
import { removalList } from '../../src/hubs/protection-removal.rules.js';
import { HubClient } from '../../src/kube/hub-client.js';
import { isKubeError } from '../../src/kube/kube-error.js';
import type { KubeObject } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';
import { accountManifest, addOnManifest, secretPatch, workManifest } from '../../src/tokens/token-manifests.rules.js';

const ACCOUNT = 'auto-import-account';
const WORK = 'addon-managed-serviceaccount-import';

let server: RealKubeApiserver;
let ours: HubClient;
let someone: HubClient;

beforeAll(async () => {
  server = await RealKubeApiserver.start();
  ours = new HubClient(server.connection(), { allowLoopback: true });
  someone = new HubClient(server.connection(), { allowLoopback: true, defaultFieldManager: 'someone' });
}, 360_000);

afterAll(async () => {
  await ours.close();
  await someone.close();
  await server.stop();
});

describe('label selectors', () => {
  const worlds: Labels[] = [
    {}, { env: 'prod' }, { env: 'dev', tier: '3' }, { tier: '10' }, { tier: 'high' }, { 'a.b/c': 'x', env: '' }, { in: 'notin' }, { env: 'prod', tier: '2', in: 'dev', 'a.b/c': '' },
  ];
  const name = (index: number): string => `labelled-${index}`;
  const word = fc.constantFrom('env', 'tier', 'a.b/c', 'in', 'notin', 'prod', 'dev', '3', '10', 'x');
  const token = fc.constantFrom('env', 'tier', 'a.b/c', 'in', 'notin', 'prod', '3', '-bad', '=', '==', '!=', '!', '(', ')', ',', '>', '<', ' ');
  const set = fc.array(fc.oneof(word, fc.constant('')), { minLength: 1, maxLength: 3 }).map((values) => `(${values.join(',')})`);
  const sound = fc.oneof(
    word, word.map((key) => `!${key}`), fc.tuple(word, fc.constantFrom('=', '==', '!=', ' > ', '<'), fc.oneof(word, fc.constant(''))).map((parts) => parts.join('')),
    fc.tuple(word, fc.constantFrom(' in ', ' notin '), set).map((parts) => parts.join('')),
  );
  const selector = fc.oneof(fc.array(sound, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(',')), fc.array(token, { minLength: 1, maxLength: 7 }).map((tokens) => tokens.join('')))
    .filter((text) => text.trim() !== ''); // empty selects everything there, and is refused here

  test('take in, and refuse, what a real API server does', async () => {
    await Promise.all(worlds.map((labels, index) => someone.create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: name(index), labels: { ...labels } } })));
    const byServer = async (text: string): Promise<string[] | 'refused'> => {
      try {
        const { items } = await ours.list(resources.namespace, { labelSelector: text, metadataOnly: true });
        return items.map(({ metadata }) => metadata.name).filter((one) => one.startsWith('labelled-')).sort();
      } catch (error) {
        if (isKubeError(error, 'KUBE_INVALID')) return 'refused';
        throw error;
      }
    };
    const byUs = (text: string): string[] | 'refused' => {
      try {
        const requirements = parseSelector(text);
        // The API server gives each namespace a label with its name.
        return worlds.flatMap((labels, index) => (selects(requirements, { ...labels, 'kubernetes.io/metadata.name': name(index) }) ? [name(index)] : [])).sort();
      } catch (error) {
        if (error instanceof HubInputInvalidError) return 'refused';
        throw error;
      }
    };
    const seed = Number(process.env['LIFEBOAT_TEST_SEED'] ?? 25);
    const numRuns = Number(process.env['LIFEBOAT_TEST_RUNS'] ?? 400);
    await fc.assert(fc.asyncProperty(selector, async (text) => expect({ text, by: byUs(text) }).toEqual({ text, by: await byServer(text) })), { numRuns, seed });
  });
});

test('managedFields tell ours from others, and what is ours goes by uid and resourceVersion', async () => {
  const objects = new ProtectionObjects();
  for (const cluster of ['c1', 'c2', 'c3', 'c4']) {
    await someone.create(resources.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: cluster } });
    await ours.apply(resources.managedClusterAddOn, addOnManifest(cluster));
    const account = await ours.apply(resources.managedServiceAccount, accountManifest(cluster, { type: 'APPLY_ACCOUNT', account: ACCOUNT, validityMs: 3_600_000 }));
    await ours.apply(resources.manifestWork, workManifest(cluster, { type: 'APPLY_WORK', name: WORK, binding: 'b', account: ACCOUNT, namespace: 'n' }));
    const owner = { apiVersion: account.apiVersion, kind: 'ManagedServiceAccount', name: ACCOUNT, uid: account.metadata.uid ?? '' };
    const secret: KubeObject = {
      apiVersion: 'v1', kind: 'Secret', type: 'Opaque', data: { token: 'dA==' },
      metadata: { namespace: cluster, name: ACCOUNT, labels: { 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' }, ...(cluster === 'c4' ? {} : { ownerReferences: [owner] }) },
    };
    const { metadata } = await someone.create(resources.secret, secret);
    const life = { refreshedAt: new Date(0), expiresAt: new Date(3_600_000) };
    await ours.patch(resources.secret, { namespace: cluster, name: ACCOUNT }, secretPatch({ type: 'MARK_SECRET', name: ACCOUNT, resourceVersion: metadata.resourceVersion ?? '', label: true, life }), { patchType: 'merge', metadataOnly: true });
    await someone.patch(resources.managedServiceAccount, { namespace: cluster, name: ACCOUNT }, { status: { expirationTimestamp: '2026-11-24T07:00:00Z' } }, { patchType: 'merge', subresource: 'status' });
    await someone.patch(resources.manifestWork, { namespace: cluster, name: WORK }, { metadata: { finalizers: ['example.com/held'] } }, { patchType: 'merge' });
    await someone.patch(resources.manifestWork, { namespace: cluster, name: WORK }, { metadata: { finalizers: null } }, { patchType: 'merge' });
  }
  await someone.patch(resources.managedServiceAccount, { namespace: 'c2', name: ACCOUNT }, { spec: { rotation: { validity: '999h0m0s' } } }, { patchType: 'merge' });
  await someone.apply(resources.managedClusterAddOn, addOnManifest('c3'));
  const seen = await objects.read(ours);
  const { targets, kept } = removalList(seen);
  const short = targets.map(({ action, kind, namespace }) => `${namespace} ${action} ${kind}`);
  const all = (cluster: string, secret: string): string[] => [`${cluster} ${secret} Secret`, `${cluster} DELETE ManagedServiceAccount`, `${cluster} DELETE ManifestWork`, `${cluster} DELETE ManagedClusterAddOn`];
  expect(short).toEqual([
    ...all('c1', 'FOLLOWS'), ...all('c2', 'UNLABEL').filter((one) => !one.endsWith('ManagedServiceAccount')), ...all('c3', 'FOLLOWS').filter((one) => !one.endsWith('AddOn')), ...all('c4', 'UNLABEL'),
  ]);
  expect(kept.map(({ kind, namespace, why }) => [namespace, kind, why])).toEqual([['c2', 'ManagedServiceAccount', 'Also managed by someone'], ['c3', 'ManagedClusterAddOn', 'Also managed by someone']]);
  // One changes hands after it was listed, another only its status.
  await someone.patch(resources.managedServiceAccount, { namespace: 'c4', name: ACCOUNT }, { spec: { rotation: { validity: '999h0m0s' } } }, { patchType: 'merge' });
  await someone.patch(resources.managedServiceAccount, { namespace: 'c1', name: ACCOUNT }, { status: { expirationTimestamp: '2026-11-25T07:00:00Z' } }, { patchType: 'merge', subresource: 'status' });
  const item = (index: number): ClaimedItem => ({ ...targets[index]!, position: index + 1, attemptedAt: null, outcome: null, detail: null, outcomeAt: null, triedBefore: false });
  const outcomes: string[] = [];
  for (const [index, { action }] of targets.entries()) outcomes.push(action === 'FOLLOWS' ? 'FOLLOWS' : (await objects.remove(ours, item(index))).outcome);
  expect(outcomes).toEqual(['FOLLOWS', 'DELETED', 'DELETED', 'DELETED', 'UNLABELLED', 'DELETED', 'DELETED', 'FOLLOWS', 'DELETED', 'DELETED', 'UNLABELLED', 'KEPT', 'DELETED', 'DELETED']);
  const marked = await someone.get(resources.secret, { namespace: 'c4', name: ACCOUNT }, { metadataOnly: true });
  expect(marked.metadata.labels).toEqual({ 'authentication.open-cluster-management.io/is-managed-serviceaccount': 'true' });
  expect(marked.metadata.annotations ?? {}).toEqual({});
  // Nothing collects garbage here: what should have gone with its account is found again, as what it is now.
  expect(removalList(await objects.read(ours)).targets.map(({ action, kind, namespace }) => `${namespace} ${action} ${kind}`)).toEqual(['c1 UNLABEL Secret', 'c3 UNLABEL Secret']);
});
