import { clusterOrigin } from '../fleet/cluster-projection.rules.js';
import { isKept, managedClusterFacts, observedObject } from '../fleet/facts.rules.js';
import type { FactsByKind } from '../fleet/facts.types.js';
import type { WatchedKind } from '../fleet/fleet.types.js';
import type { KubeObject } from '../kube/kube.types.js';
import {
  allWorlds, clusterOf, contentsOf, expectedWrites, LIFEBOAT, THE_OPERATOR, WORLD_VALIDITY, worldInWords, type ExpectedWrite, type TokenWorld,
} from '../../test/support/token-worlds.js';
import { accountManifest, addOnManifest, secretPatch, validityPatch, workManifest } from './token-manifests.rules.js';
import { planToken, type ObservedToken, type Seen, type TokenAction } from './token-plan.rules.js';
import { tokenPolicy } from './token-policy.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const CLUSTER = 'c1';

const settings = {
  policy: 'PROTECT', fencing: 'NONE', tokenValiditySeconds: null, tokenExclusions: [], tokenExpiryWarningSeconds: null, tokenPairAfterPercent: 50, tokenRenewalOverdueSeconds: null,
  rpoSeconds: null,
};
const policy = tokenPolicy(settings, true, [
  { createdAt: null, deleting: false, cron: '0 */2 * * *', veleroTtl: '120h', tokenTtl: null, useManagedServiceAccount: true, paused: false, phase: 'Enabled', lastMessage: null },
]);

/** What the watches bring of these objects: by kind, and by the labels that they select. */
function observe(world: TokenWorld, objects: readonly KubeObject[]): ObservedToken {
  const labelled = ({ metadata }: KubeObject, key: string): boolean => metadata.labels?.[key] !== undefined;
  const isToken = (object: KubeObject): boolean => object.metadata.labels?.['authentication.open-cluster-management.io/is-managed-serviceaccount'] === 'true';
  const named = <K extends WatchedKind>(kind: K, of: readonly KubeObject[]): Map<string, Seen<FactsByKind[K]>> =>
    new Map(of.filter((object) => isKept(kind, object)).map((object) => [object.metadata.name, observedObject(kind, object)]));
  const ofKind = (kind: string): KubeObject[] => objects.filter((object) => object.kind === kind);
  const cluster = managedClusterFacts(clusterOf(world, CLUSTER));
  const observed = {
    cluster: CLUSTER, clusterDeleting: cluster.deleting, available: cluster.available.status, labels: cluster.labels,
    origin: clusterOrigin(cluster, ofKind('Secret').some((object) => labelled(object, 'hive.openshift.io/secret-type'))),
    addOn: named('ADDON', ofKind('ManagedClusterAddOn')).get('managed-serviceaccount') ?? null,
    accounts: named('ACCOUNT', ofKind('ManagedServiceAccount')),
    works: named('WORK', ofKind('ManifestWork')),
    secrets: named('TOKEN_SECRET', ofKind('Secret').filter(isToken)),
  };
  return observed;
}

function writeOf(action: TokenAction): ExpectedWrite {
  const at = (name: string): string => `${CLUSTER}/${name}`;
  const created = (object: KubeObject): ExpectedWrite => ({ verb: 'CREATE', kind: object.kind, at: at(object.metadata.name), body: object });
  /** The version that it was decided on is no part of what is written. */
  const patched = (kind: string, name: string, body: unknown): ExpectedWrite => {
    const { metadata, ...rest } = body as { metadata: Record<string, unknown> };
    const { resourceVersion: _version, ...own } = metadata;
    return { verb: 'PATCH', kind, at: at(name), body: { ...(Object.keys(own).length === 0 ? {} : { metadata: own }), ...rest } };
  };
  switch (action.type) {
    case 'MARK_SECRET':
      return patched('Secret', action.name, secretPatch(action));
    case 'DELETE_SECRET':
      return { verb: 'DELETE', kind: 'Secret', at: at(action.name), body: null };
    case 'APPLY_ADDON':
      return created(addOnManifest(CLUSTER));
    case 'APPLY_ACCOUNT':
      return created(accountManifest(CLUSTER, action));
    case 'CHANGE_VALIDITY':
      return patched('ManagedServiceAccount', action.account, validityPatch(action));
    case 'APPLY_WORK':
      return created(workManifest(CLUSTER, action));
    case 'DELETE_WORK':
      return { verb: 'DELETE', kind: 'ManifestWork', at: at(action.name), body: null };
  }
}

/** In one order, with keys that are undefined left out. */
const told = (writes: readonly ExpectedWrite[]): string[] => writes.map(({ verb, kind, at, body }) => `${verb} ${kind} ${at} ${canonical(body)}`).sort();
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one);

const planOf = (world: TokenWorld) => planToken(observe(world, contentsOf(world, CLUSTER, now)), policy, null, now);

/** The first few that are wrong, told as a table row would be. */
function differing(worlds: readonly TokenWorld[], look: (world: TokenWorld) => readonly unknown[] | null): unknown[] {
  return worlds.map((world) => ({ world: worldInWords(world), wrong: look(world) })).filter(({ wrong }) => wrong !== null).slice(0, 3);
}

const worlds = allWorlds();

test.each(['IMPORTED', 'HIVE', 'HOSTED', 'LOCAL'] as const)('%s: in every world exactly the writes that are due', (origin) => {
  const own = worlds.filter((world) => world.origin === origin);
  expect(own.length).toBe(3 * 4 * 4 * 4 * 2 * 2 * 4);
  expect(differing(own, (world) => {
    const written = told(planOf(world).actions.map(writeOf));
    const expected = told(expectedWrites(world, CLUSTER, now, LIFEBOAT));
    return canonical(written) === canonical(expected) ? null : [{ written, expected }];
  })).toEqual([]);
});

test('they are the operator\u2019s own, but for what is named as a difference', () => {
  const plain = worlds.filter(({ origin, account, secret, pair, works }) =>
    origin !== 'HOSTED' && account !== 'DELETING' && !(account === 'ABSENT' && secret === 'NO_ACCOUNT_LABEL') && pair !== 'WINDOW_MISSED' && !(pair === 'THERE' && works === 'ABSENT'));
  expect(plain.length).toBeGreaterThan(worlds.length / 4);
  expect(differing(plain, (world) => {
    const written = told(planOf(world).actions.map(writeOf));
    const expected = told(expectedWrites(world, CLUSTER, now, THE_OPERATOR));
    return canonical(written) === canonical(expected) ? null : [{ written, expected }];
  })).toEqual([]);
  // And where they differ, the operator does less, or the same in a world that has no second writer.
  const differ = worlds.filter((world) => canonical(told(expectedWrites(world, CLUSTER, now, LIFEBOAT))) !== canonical(told(expectedWrites(world, CLUSTER, now, THE_OPERATOR))));
  expect(differ.length).toBeGreaterThan(0);
  expect(differ.filter((world) => plain.includes(world))).toEqual([]);
});

test('marks come first, and what is left over goes before what takes its place', () => {
  expect(differing(worlds, (world) => {
    const types = planOf(world).actions.map(({ type }) => type);
    const lastMark = types.lastIndexOf('MARK_SECRET');
    const marksFirst = types.slice(0, lastMark + 1).every((type) => type === 'MARK_SECRET');
    const leftover = types.indexOf('DELETE_SECRET');
    return marksFirst && (leftover < 0 || leftover < types.indexOf('APPLY_ACCOUNT')) ? null : types;
  })).toEqual([]);
});

/** The world after the writes: what was written is there, what was deleted is not. */
function after(world: TokenWorld, writes: readonly ExpectedWrite[]): KubeObject[] {
  const key = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace}/${metadata.name}`;
  const objects = new Map(contentsOf(world, CLUSTER, now).map((object) => [key(object), object]));
  for (const { verb, kind, at, body } of writes) {
    const known = objects.get(`${kind} ${at}`);
    if (verb === 'DELETE') objects.delete(`${kind} ${at}`);
    else if (verb === 'CREATE') objects.set(`${kind} ${at}`, body as KubeObject);
    else if (known !== undefined) {
      const { metadata = {}, ...rest } = body as { metadata?: Partial<KubeObject['metadata']> };
      const merged = { ...known.metadata, labels: { ...known.metadata.labels, ...metadata.labels }, annotations: { ...known.metadata.annotations, ...metadata.annotations } };
      objects.set(`${kind} ${at}`, { ...known, ...rest, metadata: merged });
    }
  }
  return [...objects.values()];
}

test('after the operator there is nothing left to do but what it cannot', () => {
  expect(differing(worlds, (world) => {
    const objects = after(world, expectedWrites(world, CLUSTER, now, THE_OPERATOR));
    const left = told(planToken(observe(world, objects), policy, null, now).actions.map(writeOf));
    const missed = world.pair === 'WINDOW_MISSED' || (world.pair === 'THERE' && world.works === 'ABSENT');
    const allowed = missed ? left.every((write) => write.includes('-pair')) : left.length === 0;
    return allowed ? null : left;
  })).toEqual([]);
});

test('and after ours there is nothing left to do', () => {
  expect(differing(worlds, (world) => {
    const objects = after(world, planOf(world).actions.map(writeOf));
    const left = told(planToken(observe(world, objects), policy, null, now).actions.map(writeOf));
    return left.length === 0 ? null : left;
  })).toEqual([]);
});

test('the validity is the one that the operator works out', () => {
  expect(policy.validityMs).toBe(Number.parseInt(WORLD_VALIDITY, 10) * 3_600_000);
});
