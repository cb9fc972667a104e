import { ClusterRegistry, type ClusterSpec } from './clusters.js';

const HOUR = 3_600_000;
const T0 = new Date('2026-11-24T20:00:00Z');
const at = (hours: number): Date => new Date(T0.getTime() + hours * HOUR);
const NS = 'open-cluster-management-agent-addon';
const binding = (role: string, account = 'auto-import-account', namespace = NS) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'managedserviceaccount-import' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
});
const cluster = (spec: Partial<ClusterSpec> = {}) => new ClusterRegistry().add({ name: 'c1', kind: 'openshift', hub: 'east', ...spec });

describe('tokens of a managed cluster', () => {
  test('carry the account as sub and the granted end as exp', () => {
    const c1 = cluster();
    c1.ensureAccount(NS, 'auto-import-account');
    const { token, expiresAt } = c1.requestToken(NS, 'auto-import-account', 10 * HOUR, T0);
    expect(expiresAt).toEqual(at(10));
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ sub: `system:serviceaccount:${NS}:auto-import-account`, exp: at(10).getTime() / 1000 });
    expect(c1.reviewToken(token, at(9))).toEqual({ ok: true, subject: `system:serviceaccount:${NS}:auto-import-account` });
  });

  test.each([
    { because: 'EKS grants a day', spec: { kind: 'eks' as const }, hours: 24 },
    { because: 'a cluster may grant an hour', spec: { grantedLifeCapMs: HOUR }, hours: 1 },
    { because: 'others grant what is asked for', spec: {}, hours: 1440 },
  ])('$because', ({ spec, hours }) => {
    const c1 = cluster(spec);
    c1.ensureAccount(NS, 'a');
    expect(c1.requestToken(NS, 'a', 1440 * HOUR, T0).expiresAt).toEqual(at(hours));
  });

  test.each([
    { because: 'it has expired', spoil: (token: string) => token, when: at(10) },
    { because: 'it was tampered with', spoil: (token: string) => `${token.slice(0, -2)}xx`, when: T0 },
    { because: 'it is no token', spoil: () => 'nonsense', when: T0 },
    { because: 'it is empty', spoil: () => '', when: T0 },
  ])('are refused where $because', ({ spoil, when }) => {
    const c1 = cluster();
    c1.ensureAccount(NS, 'a');
    expect(c1.reviewToken(spoil(c1.requestToken(NS, 'a', 10 * HOUR, T0).token), when).ok).toBe(false);
  });

  test('are refused once their account was made anew, and by another cluster', () => {
    const registry = new ClusterRegistry();
    const [c1, c2] = [registry.add({ name: 'c1', kind: 'openshift', hub: null }), registry.add({ name: 'c2', kind: 'openshift', hub: null })];
    for (const each of [c1, c2]) each.ensureAccount(NS, 'a');
    const { token } = c1.requestToken(NS, 'a', HOUR, T0);
    expect(c2.reviewToken(token, T0).ok).toBe(false);
    c1.removeAccount(NS, 'a');
    c1.ensureAccount(NS, 'a');
    expect(c1.reviewToken(token, T0).ok).toBe(false);
  });
});

describe('rights', () => {
  const subject = `system:serviceaccount:${NS}:auto-import-account`;
  test.each([
    { because: 'the role of new releases', manifests: [binding('klusterlet-bootstrap-kubeconfig')], may: true },
    { because: 'the role of older releases', manifests: [binding('klusterlet')], may: true },
    { because: 'another role gives nothing', manifests: [binding('view')], may: false },
    { because: 'it binds another account', manifests: [binding('klusterlet', 'auto-import-account-pair')], may: false },
    { because: 'it binds another namespace', manifests: [binding('klusterlet', 'auto-import-account', 'elsewhere')], may: false },
    { because: 'nothing was delivered', manifests: [], may: false },
  ])('$because', ({ manifests, may }) => {
    const c1 = cluster();
    c1.applyWork('addon-managed-serviceaccount-import', manifests);
    expect(c1.mayUpdateBootstrap(subject)).toBe(may);
  });
});

describe('the eviction clock', () => {
  const subject = `system:serviceaccount:${NS}:auto-import-account`;
  const moved = () => {
    const c1 = cluster();
    c1.applyWork('binding', [binding('klusterlet')]);
    c1.pointTo('west', T0);
    return c1;
  };

  test('a work that the new hub lacks is removed with its resources after the grace period', () => {
    const c1 = moved();
    expect(c1.reviewWorks(new Set(), HOUR, T0)).toBe(at(1).getTime());
    expect(c1.reviewWorks(new Set(), HOUR, at(0.99))).toBe(at(1).getTime());
    expect(c1.mayUpdateBootstrap(subject)).toBe(true);
    expect(c1.reviewWorks(new Set(), HOUR, at(1))).toBeNull();
    expect(c1.mayUpdateBootstrap(subject)).toBe(false);
    expect(c1.removedWorks).toEqual([{ work: 'binding', atMs: at(1).getTime(), resources: ['ClusterRoleBinding//managedserviceaccount-import'] }]);
  });

  test('a work that comes back in time stops the clock', () => {
    const c1 = moved();
    c1.reviewWorks(new Set(), HOUR, T0);
    expect(c1.reviewWorks(new Set(['binding']), HOUR, at(0.9))).toBeNull();
    expect(c1.reviewWorks(new Set(), HOUR, at(2))).toBe(at(3).getTime());
  });

  test('a longer grace period and none at all', () => {
    const c1 = moved();
    c1.reviewWorks(new Set(), 24 * HOUR, T0);
    expect(c1.reviewWorks(new Set(), 24 * HOUR, at(23))).toBe(at(24).getTime());
    expect(c1.reviewWorks(new Set(), null, at(100))).toBeNull();
    expect(c1.appliedWorks).toEqual(['binding']);
  });

  test('a detached cluster loses everything at once and belongs to nobody', () => {
    const c1 = moved();
    c1.detach(at(1));
    expect(c1.bootstrapHub).toBeNull();
    expect(c1.appliedWorks).toEqual([]);
    expect(c1.history.map(({ hub }) => hub)).toEqual(['west', null]);
  });
});
