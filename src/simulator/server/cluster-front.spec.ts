import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { ManualClock } from '../../common/clock.js';
import { ClusterRegistry, type ManagedClusterSim } from '../actors/clusters.js';
import { ClusterFront } from './cluster-front.js';

const HOUR = 3_600_000;
const NS = 'open-cluster-management-agent-addon';
const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const asked = { verb: 'update', group: '', resource: 'secrets', namespace: 'open-cluster-management-agent', name: 'bootstrap-hub-kubeconfig' };
const clock = new ManualClock(new Date('2026-11-24T20:00:00Z'));
const clusters = new ClusterRegistry();
let front: ClusterFront;
let c1: ManagedClusterSim;
let token: string;

beforeEach(() => {
  c1 = clusters.find('c1') ?? clusters.add({ name: 'c1', kind: 'openshift', hub: 'east' });
  c1.removeAccount(NS, 'a');
  c1.ensureAccount(NS, 'a');
  ({ token } = c1.requestToken(NS, 'a', HOUR, clock.now()));
  c1.applyWork('w', [{
    kind: 'ClusterRoleBinding', metadata: { name: 'b' }, roleRef: { name: 'klusterlet-bootstrap-kubeconfig' }, subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: NS }],
  }]);
});
beforeAll(async () => void (front = await ClusterFront.start(clusters, clock)));
afterAll(() => front.stop());

interface Answer { readonly status: number; readonly body: unknown }
async function call(method: string, url: string, bearer: string | null, body?: unknown): Promise<Answer> {
  const answer = await new Promise<Parameters<typeof text>[0] & { statusCode?: number }>((resolve, reject) => {
    const sent = request(url, { method, ca: front.caPem, agent: false, headers: { ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }) } }, resolve);
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
  return { status: answer.statusCode ?? 0, body: JSON.parse(await text(answer)) as unknown };
}
const review = (bearer: string | null, question: object = asked, cluster = 'c1'): Promise<Answer> => call('POST', front.urlOf(cluster) + PATH, bearer, { spec: { resourceAttributes: question } });
const saysAllowed = (allowed: boolean) => ({ status: 201, body: expect.objectContaining({ kind: 'SelfSubjectAccessReview', status: { allowed } }) as unknown });
const refuses = (status: number) => ({ status, body: expect.objectContaining({ kind: 'Status', status: 'Failure', code: status }) as unknown });

test('a valid token with its binding may do what an import does', async () => {
  expect(await review(token)).toEqual(saysAllowed(true));
  expect(front.reviews.at(-1)).toEqual({ cluster: 'c1', status: 201, subject: `system:serviceaccount:${NS}:a`, allowed: true });
});

test.each([
  { because: 'its binding is missing', spoil: () => c1.removeWork('w', clock.now()), answer: saysAllowed(false) },
  { because: 'it has expired', spoil: () => clock.advance(HOUR), answer: refuses(401) },
  { because: 'its account was deleted', spoil: () => c1.removeAccount(NS, 'a'), answer: refuses(401) },
  { because: 'its account was made anew', spoil: () => { c1.removeAccount(NS, 'a'); c1.ensureAccount(NS, 'a'); }, answer: refuses(401) },
])('a token is judged as it stands: $because', async ({ spoil, answer }) => {
  spoil();
  expect(await review(token)).toEqual(answer);
});

test.each([
  { because: 'no other Secret', question: { ...asked, name: 'other' }, allowed: false },
  { because: 'all Secrets are more than one', question: { ...asked, name: '' }, allowed: false },
  { because: 'no other verb', question: { ...asked, verb: 'delete' }, allowed: false },
  { because: 'to read it belongs to the role', question: { ...asked, verb: 'get' }, allowed: true },
  { because: 'no other kind', question: { ...asked, resource: 'configmaps' }, allowed: false },
])('the role allows one thing: $because', async ({ question, allowed }) => {
  expect(await review(token, question)).toEqual(saysAllowed(allowed));
});

test('who shows nothing learns the version alone, and whose cluster sleeps learns nothing', async () => {
  expect(await review(null)).toEqual(refuses(403));
  expect(await call('GET', `${front.urlOf('c1')}/version`, null)).toMatchObject({ status: 200, body: { major: '1' } });
  expect(await call('GET', `${front.urlOf('c1')}/api/v1/secrets`, token)).toEqual(refuses(404));
  c1.sleep();
  await expect(review(token)).rejects.toThrow();
  c1.wake();
  c1.setReachableFrom('outside', false);
  await expect(review(token)).rejects.toThrow();
  c1.setReachableFrom('outside', true);
  await expect(review(token, asked, 'nobody')).rejects.toThrow();
  expect(await review(token)).toEqual(saysAllowed(true));
});
