import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { KubeError } from '../kube/kube-error.js';
import type { ProxiedAnswer } from '../kube/kube.types.js';
import { probeNamespace, probeRights } from './probe-rights.rules.js';
import { probedUrl, versionPathOf } from './probed-url.rules.js';
import { notAnswered, notProbed, notResolved, ownFailure, pathAnswerOf } from './proxy-answer.rules.js';

const OBJECT = 'lifeboat-probe-1';
const answer = (status: number, of: Partial<ProxiedAnswer> = {}): ProxiedAnswer => ({ status, reason: null, message: null, kind: null, name: null, ...of });
const unreached = (words: string): ProxiedAnswer => answer(503, { reason: 'ServiceUnavailable', message: `error trying to reach service: ${words}` });

test.each([
  { because: 'it answered', of: answer(200), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'a redirect is an answer', of: answer(302), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'it wants credentials, and the hub took ours right after', of: answer(401), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'the hub itself may have said it', of: answer(401), hubKnowsUs: false, state: 'UNKNOWN', code: 'HUB_AWAY' },
  { because: 'the cluster tells nobody its version', of: answer(403, { message: 'forbidden: User "system:anonymous" cannot get path "/version"' }), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'the hub refuses the question', of: answer(403, { kind: 'pods', name: `https:${OBJECT}:6443` }), state: 'UNKNOWN', code: 'RIGHT_MISSING' },
  { because: 'it is about a Pod of somebody else: the cluster said it', of: answer(403, { kind: 'pods', name: 'https:other:6443' }), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'somebody removed the Pod meanwhile', of: answer(404, { kind: 'pods', name: OBJECT }), state: 'UNKNOWN', code: 'UNCLEAR' },
  { because: 'behind is no such path', of: answer(404), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'a loopback address', of: answer(400, { message: 'address not allowed' }), state: 'UNKNOWN', code: 'ADDRESS_REFUSED' },
  { because: 'who is busy cannot be told', of: answer(429), state: 'UNKNOWN', code: 'UNCLEAR' },
  { because: 'who failed cannot be told', of: answer(500, { message: 'oops' }), state: 'UNKNOWN', code: 'UNCLEAR' },
  { because: 'a gateway before the hub', of: answer(502), state: 'UNKNOWN', code: 'UNCLEAR' },
  { because: 'the same words with 200 are the cluster’s', of: answer(200, { message: 'error trying to reach service: dial tcp: connection refused' }), state: 'PROVEN', code: 'ANSWERED' },
  { because: 'nothing listens', of: unreached('dial tcp 10.0.0.1:6443: connect: connection refused'), state: 'REFUSED', code: 'CONNECTION_REFUSED' },
  { because: 'there is no way', of: unreached('dial tcp 10.0.0.1:6443: connect: no route to host'), state: 'REFUSED', code: 'NO_ROUTE' },
  { because: 'there is no way at all', of: unreached('dial tcp [2001:db8::1]:6443: connect: network is unreachable'), state: 'REFUSED', code: 'NO_ROUTE' },
  { because: 'a firewall that drops', of: unreached('dial tcp 10.0.0.1:6443: i/o timeout'), state: 'REFUSED', code: 'TIMED_OUT' },
  { because: 'a firewall that looks inside and drops', of: unreached('net/http: TLS handshake timeout'), state: 'REFUSED', code: 'TIMED_OUT' },
  { because: 'it was the hub that lost patience, and it does not say with what', of: unreached('context deadline exceeded'), state: 'UNKNOWN', code: 'UNCLEAR' },
  { because: 'no TLS is spoken there', of: unreached('tls: first record does not look like a TLS handshake'), state: 'REFUSED', code: 'NOT_HTTPS' },
  { because: 'plain HTTP is spoken there', of: unreached('http: server gave HTTP response to HTTPS client'), state: 'REFUSED', code: 'NOT_HTTPS' },
  { because: 'it may want a name that a probe by address cannot give', of: unreached('remote error: tls: unrecognized name'), state: 'UNKNOWN', code: 'TLS_FAILED' },
  { because: 'so may whoever hangs up', of: unreached('EOF'), state: 'UNKNOWN', code: 'CUT_OFF' },
  { because: 'a reset', of: unreached('read tcp 10.0.0.2:1->10.0.0.1:6443: read: connection reset by peer'), state: 'UNKNOWN', code: 'CUT_OFF' },
  { because: 'words that nobody knows', of: unreached('the moon is full'), state: 'UNKNOWN', code: 'UNCLEAR' },
])('$state $code: $because', ({ of, hubKnowsUs = true, state, code }) => {
  expect(pathAnswerOf(of, OBJECT, hubKnowsUs)).toMatchObject({ state, code });
});

test('evidence is bounded', () => {
  expect(pathAnswerOf(unreached('x'.repeat(5_000)), OBJECT, true).detail.length).toBe(300);
});

test.each([
  { error: new KubeError('HUB_FORBIDDEN', 'create pods: HTTP 403'), code: 'RIGHT_MISSING' },
  { error: new KubeError('HUB_FORBIDDEN', 'create pods: HTTP 403', { refusal: 'WEBHOOK_DENIED' }), code: 'UNCLEAR' },
  { error: new KubeError('KUBE_NOT_FOUND', 'create pods: HTTP 404', { refusal: 'NAMESPACE_MISSING' }), code: 'RIGHT_MISSING' },
  { error: new KubeError('HUB_TIMEOUT', 'x'), code: 'HUB_AWAY' },
  { error: new KubeError('HUB_UNREACHABLE', 'x'), code: 'HUB_AWAY' },
  { error: new KubeError('HUB_BUSY_THROTTLED', 'x'), code: 'HUB_BUSY' },
  { error: new KubeError('KUBE_INVALID', 'may not be in the loopback range'), code: 'ADDRESS_REFUSED' },
  { error: new KubeError('KUBE_CONFLICT', 'x'), code: 'UNCLEAR' },
])('a probe that did not come about ($error.code) teaches nothing: $code', ({ error, code }) => {
  expect(notProbed(error, 'make the probe’s Pod')).toMatchObject({ state: 'UNKNOWN', code });
});

test('what stands behind can end a question as it likes: that does not make the hub be away', () => {
  expect(notAnswered(new KubeError('HUB_TIMEOUT', 'x'))).toMatchObject({ state: 'UNKNOWN', code: 'TIMED_OUT' });
  expect(notAnswered(new KubeError('HUB_UNREACHABLE', 'x'))).toMatchObject({ state: 'UNKNOWN', code: 'UNCLEAR' });
});

test('a name that is not known here, or leads to a forbidden address, says nothing of the target', () => {
  expect(notResolved(new KubeError('HUB_UNREACHABLE', 'x', { systemCode: 'ENOTFOUND' }))).toMatchObject({ state: 'UNKNOWN', code: 'NAME_NOT_FOUND' });
  expect(notResolved(new KubeError('HUB_ADDRESS_REFUSED', 'x'))).toMatchObject({ state: 'UNKNOWN', code: 'ADDRESS_REFUSED' });
});

test.each([
  [new KubeError('HUB_UNREACHABLE', 'x', { systemCode: 'ECONNREFUSED' }), 'CONNECTION_REFUSED'],
  [new KubeError('HUB_UNREACHABLE', 'x', { systemCode: 'ENOTFOUND' }), 'NAME_NOT_FOUND'],
  [new KubeError('HUB_TIMEOUT', 'x'), 'TIMED_OUT'],
  [new KubeError('HUB_TLS_FAILED', 'x', { systemCode: 'EPROTO' }), 'TLS_FAILED'],
  [new KubeError('HUB_UNREACHABLE', 'x', { systemCode: 'ODD' }), 'UNCLEAR'],
])('from here: %s is %s', (error, code) => {
  expect(ownFailure(error).code).toBe(code);
});

test.each([
  ['https://api.c1.example:6443', '/version'],
  ['https://rancher.example/k8s/clusters/c-1/', '/k8s/clusters/c-1/version'],
  ['http://api.c1.example', null], ['https://ann:pw@api.example', null], ['https://api.example/?a=b', null], ['https://api.example:0', null], ['api.example', null], [`https://${'x'.repeat(3_000)}`, null],
])('%s is asked for %s', (text, path) => {
  const url = probedUrl(text);
  expect(url && versionPathOf(url)).toBe(path);
});

test('deploy/hub-rbac-probe.yaml grants exactly what a probe uses', () => {
  const [role] = parseAllDocuments(readFileSync('deploy/hub-rbac-probe.yaml', 'utf8')).map((document) => document.toJS() as { metadata: { namespace: string }; rules?: { resources: string[]; verbs: string[] }[] });
  expect(role?.metadata.namespace).toBe(probeNamespace);
  const granted = role?.rules?.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => ({ verb, resource }))));
  expect(granted).toEqual(probeRights);
});
