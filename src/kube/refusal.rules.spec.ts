import { failureOf } from './answer.js';
import { refusalOf } from './refusal.rules.js';

const named = { name: 'c1', kind: 'namespaces' };
const terminating = { causes: [{ reason: 'NamespaceTerminating', message: 'namespace c1 is being terminated', field: 'metadata.namespace' }] };

test.each([
  { status: 403, message: 'admission webhook "validate.kyverno.svc-fail" denied the request: no', is: 'WEBHOOK_DENIED', words: 'webhook "validate.kyverno.svc-fail" denied the request' },
  { status: 400, message: 'admission webhook "a" denied the request: no', is: 'WEBHOOK_DENIED', words: 'webhook "a" denied the request' },
  {
    status: 500, is: 'WEBHOOK_DOWN', words: 'webhook "b.example.com" cannot be called',
    message: 'Internal error occurred: failed calling webhook "b.example.com": failed to call webhook: Post "https://b.ns.svc:443/v?timeout=10s": dial tcp 10.0.0.1:443: connect: connection refused',
  },
  { status: 403, message: 'secrets "s" is forbidden: exceeded quota: compute.q, requested: count/secrets=1, used: count/secrets=5, limited: count/secrets=5', is: 'QUOTA_EXCEEDED', words: 'quota "compute.q" is exceeded' },
  { status: 403, message: 'secrets "s" is forbidden: unable to create new content in namespace c1 because it is being terminated', is: 'NAMESPACE_TERMINATING', words: 'the namespace is being deleted' },
  { status: 409, message: 'odd', details: terminating, is: 'NAMESPACE_TERMINATING', words: 'the namespace is being deleted' },
  { status: 404, message: 'namespaces "c1" not found', details: named, is: 'NAMESPACE_MISSING', words: 'there is no such namespace' },
])('$status $message', ({ status, message, details, is, words }) => {
  expect(refusalOf(status, { message, details })).toEqual({ is, words });
});

test.each([
  { status: 404, message: 'secrets "c1" not found', details: { kind: 'secrets' } },
  { status: 403, message: 'User "x" cannot create resource "secrets"' },
  { status: 500, message: 'etcdserver: request timed out', details: { causes: 'none' } },
  { status: 403, message: 'admission webhook "\u202e<script>" denied the request: no' },
  { status: 403, message: undefined, details: { causes: [null, 1, 'x'] } },
  { status: 403, message: 7, details: 'x' },
])('says nothing of $status $message', ({ status, message, details }) => expect(refusalOf(status, { message, details })).toBeNull());

test('where the hub\u2019s words are left out, the names of who refused are told', () => {
  const answer = { kind: 'Status', reason: 'Forbidden', message: 'admission webhook "w.example.com" denied the request: it holds SECRET' };
  const failure = { what: 'patch secrets c1/s', status: 403, answer, retryAfterMs: null, mask: (text: string) => text };
  expect(failureOf({ ...failure, hideMessage: true }).message).toBe('patch secrets c1/s: HTTP 403 Forbidden: webhook "w.example.com" denied the request');
  expect(failureOf({ ...failure, hideMessage: false }).message).toContain('it holds SECRET');
  expect(failureOf({ ...failure, hideMessage: true }).details).toMatchObject({ refusal: 'WEBHOOK_DENIED' });
});
