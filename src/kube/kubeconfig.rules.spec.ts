import 'reflect-metadata';
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { jest } from '@jest/globals';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';
import { stringify } from 'yaml';
import { Secret } from '../common/secret.js';
import { KubeconfigError } from './kubeconfig.errors.js';
import { exportKubeconfig } from './kubeconfig-export.js';
import { parseKubeconfig, tokenConnection } from './kubeconfig.rules.js';

const CANARY = 'canary-value-that-must-not-appear';

async function selfSigned(): Promise<{ certPem: string; keyPem: string }> {
  cryptoProvider.set(globalThis.crypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01', name: 'CN=hub', notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01'), signingAlgorithm: algorithm, keys,
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { certPem: certificate.toString('pem'), keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` };
}

const { certPem, keyPem } = await selfSigned();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
  context?: Record<string, unknown>;
  top?: Record<string, unknown>;
}

const plain = ({ cluster = {}, user = { token: CANARY }, context = {}, top = {} }: Parts = {}): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'east',
  clusters: [{ name: 'hub-east', cluster: { server: 'https://api.hub-east.example.com:6443', 'certificate-authority-data': base64(certPem), ...cluster } }],
  users: [{ name: 'lifeboat', user }],
  contexts: [{ name: 'east', context: { cluster: 'hub-east', user: 'lifeboat', namespace: 'default', ...context } }],
  ...top,
});

function refusalOf(text: string): KubeconfigError {
  try {
    parseKubeconfig(text);
  } catch (error) {
    if (error instanceof KubeconfigError) return error;
    throw error;
  }
  throw new Error('It was taken');
}

test('a kubeconfig with a token is taken', () => {
  const connection = parseKubeconfig(stringify(plain()));
  expect(connection).toMatchObject({ server: 'https://api.hub-east.example.com:6443', auth: { type: 'token' } });
  expect(connection.caPem).toContain('BEGIN CERTIFICATE');
  expect(connection.auth.type === 'token' && connection.auth.token.reveal()).toBe(CANARY);
});

test('a client certificate with its key is taken', () => {
  const connection = parseKubeconfig(stringify(plain({ user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) } })));
  expect(connection.auth.type === 'certificate' && connection.auth.keyPem.reveal()).toBe(keyPem);
});

test('JSON is YAML', () => {
  expect(parseKubeconfig(JSON.stringify(plain())).server).toBe('https://api.hub-east.example.com:6443');
});

test('only the current context counts: what others hold is dropped', () => {
  const config = plain({ top: { users: [{ name: 'lifeboat', user: { token: CANARY } }, { name: 'other', user: { exec: { command: 'x' } } }] } });
  expect(parseKubeconfig(stringify(config)).auth.type).toBe('token');
});

test('the only context is the current one where none is named', () => {
  expect(parseKubeconfig(stringify(plain({ top: { 'current-context': undefined } }))).server).toContain('hub-east');
});

test('fields that say nothing are no reason to refuse', () => {
  const config = plain({ cluster: { 'insecure-skip-tls-verify': false, 'proxy-url': '', extensions: [{ name: 'x', extension: {} }] }, user: { token: CANARY, exec: null } });
  expect(parseKubeconfig(stringify(config)).auth.type).toBe('token');
});

test('a path prefix and a TLS server name are kept', () => {
  const connection = parseKubeconfig(stringify(plain({ cluster: { server: 'https://proxy.example.com/k8s/clusters/c-1/', 'tls-server-name': 'kubernetes' } })));
  expect(connection).toMatchObject({ server: 'https://proxy.example.com/k8s/clusters/c-1', tlsServerName: 'kubernetes' });
});

test.each([
  { because: 'it would run a program', parts: { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh' } } }, code: 'KUBECONFIG_EXEC_REFUSED' },
  { because: 'a program beside a token is still one', parts: { user: { token: CANARY, exec: { command: 'x' } } }, code: 'KUBECONFIG_EXEC_REFUSED' },
  { because: 'providers call out', parts: { user: { 'auth-provider': { name: 'oidc' } } }, code: 'KUBECONFIG_AUTH_PROVIDER_REFUSED' },
  { because: 'tokenFile is a file of ours', parts: { user: { tokenFile: '/etc/passwd' } }, code: 'KUBECONFIG_FILE_REFERENCE_REFUSED' },
  { because: 'token-file too', parts: { user: { 'token-file': '/etc/passwd' } }, code: 'KUBECONFIG_FILE_REFERENCE_REFUSED' },
  { because: 'the CA is a file', parts: { cluster: { 'certificate-authority': '/ca.crt' } }, code: 'KUBECONFIG_FILE_REFERENCE_REFUSED' },
  { because: 'the certificate is a file', parts: { user: { 'client-certificate': '/c.crt' } }, code: 'KUBECONFIG_FILE_REFERENCE_REFUSED' },
  { because: 'the key is a file', parts: { user: { 'client-key': '/c.key' } }, code: 'KUBECONFIG_FILE_REFERENCE_REFUSED' },
  { because: 'a proxy of its own', parts: { cluster: { 'proxy-url': 'http://10.0.0.1:3128' } }, code: 'KUBECONFIG_PROXY_REFUSED' },
  { because: 'TLS must be verified', parts: { cluster: { 'insecure-skip-tls-verify': true } }, code: 'KUBECONFIG_INSECURE_REFUSED' },
  { because: 'also where it is spelled as text', parts: { cluster: { 'insecure-skip-tls-verify': 'true' } }, code: 'KUBECONFIG_INSECURE_REFUSED' },
  { because: 'impersonation', parts: { user: { token: CANARY, as: 'system:admin' } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'impersonation of groups', parts: { user: { token: CANARY, 'as-groups': ['system:masters'] } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'basic auth', parts: { user: { username: 'admin', password: CANARY } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'no credential at all', parts: { user: {} }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'a certificate without its key', parts: { user: { 'client-certificate-data': base64(certPem) } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'two credentials at once', parts: { user: { token: CANARY, 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'another key than the certificate\u2019s', parts: { user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(otherKey()) } }, code: 'KUBECONFIG_CREDENTIAL_REFUSED' },
  { because: 'plain http', parts: { cluster: { server: 'http://api.example.com' } }, code: 'KUBECONFIG_HTTP_REFUSED' },
  { because: 'another scheme', parts: { cluster: { server: 'file:///etc/passwd' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a login in the URL', parts: { cluster: { server: `https://admin:${CANARY}@api.example.com` } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a query in the URL', parts: { cluster: { server: 'https://api.example.com?x=1' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'no server', parts: { cluster: { server: undefined } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a CA that is no certificate', parts: { cluster: { 'certificate-authority-data': base64(CANARY) } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a CA that is no base64', parts: { cluster: { 'certificate-authority-data': '!!!' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a token that would add a header', parts: { user: { token: `${CANARY}\r\nx-remote-user: admin` } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a token that is no text', parts: { user: { token: 12345 } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'a field that is not understood', parts: { user: { token: CANARY, newLogin: CANARY } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'an unknown field of the cluster', parts: { cluster: { 'Proxy-Url': 'http://x' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'another kind', parts: { top: { kind: 'Secret' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'the user is there twice', parts: { top: { users: [{ name: 'lifeboat', user: { token: 'a' } }, { name: 'lifeboat', user: { token: 'b' } }] } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'the context\u2019s cluster is missing', parts: { context: { cluster: 'nowhere' } }, code: 'KUBECONFIG_MALFORMED' },
  { because: 'the context does not exist', parts: { top: { 'current-context': 'west' } }, code: 'KUBECONFIG_CONTEXT_UNKNOWN' },
  { because: 'there is no context', parts: { top: { contexts: [], 'current-context': undefined } }, code: 'KUBECONFIG_CONTEXT_UNKNOWN' },
] as const)('$code: $because', ({ parts, code }) => {
  const error = refusalOf(stringify(plain(parts as unknown as Parts)));
  expect(error.code).toBe(code);
  expect(`${error.message}${JSON.stringify(error.details)}${String(error.cause)}`).not.toContain(CANARY);
  expect(error.message).not.toMatch(/[\r\n]/);
  expect(error.remedy).not.toBe('');
});

test.each([
  { because: 'empty', text: '' },
  { because: 'a scalar', text: 'hello' },
  { because: 'no YAML', text: 'a: [' },
  { because: 'binary', text: '\u0000\u0001\ufffd{{' },
  { because: 'two documents', text: `${stringify(plain())}---\n${stringify(plain())}` },
  { because: 'a key twice', text: `${stringify(plain())}kind: Config\n` },
  { because: 'an unknown tag', text: `${stringify(plain())}extensions: !!js/function x\n` },
  { because: 'an anchor', text: `extensions: &a {}\n${stringify(plain())}` },
  { because: 'an alias', text: `extensions: [&a x, *a]\n${stringify(plain())}` },
  { because: 'a merge key', text: `${stringify(plain())}<<: {kind: Config}\n` },
  { because: 'a prototype', text: `${stringify(plain())}__proto__: {kind: Config}\n` },
  { because: 'a key that is a list', text: `${stringify(plain())}? [a]\n: b\n` },
  { because: 'nested too deeply', text: `${stringify(plain())}extensions: ${'['.repeat(40)}${']'.repeat(40)}\n` },
  { because: 'nested far too deeply', text: '['.repeat(500_000) },
  { because: 'made of keys', text: Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n') },
  { because: 'made of quotes', text: '"'.repeat(1_000_000) },
  { because: 'too large', text: `# ${'x'.repeat(1024 * 1024)}\n${stringify(plain())}` },
])('KUBECONFIG_MALFORMED, soon: $because', ({ text }) => {
  const startedAt = performance.now();
  expect(refusalOf(text).code).toBe('KUBECONFIG_MALFORMED');
  expect(performance.now() - startedAt).toBeLessThan(3_000); // unguarded, the slowest of these takes minutes
});

test('no file is ever opened', () => {
  const canaryFile = join(mkdtempSync(join(tmpdir(), 'lifeboat-canary-')), 'canary');
  writeFileSync(canaryFile, CANARY);
  const spies = [
    ...(['readFileSync', 'openSync', 'readFile', 'open', 'existsSync', 'statSync', 'createReadStream'] as const).map((name) => jest.spyOn(fs, name)),
    ...(['readFile', 'open', 'stat'] as const).map((name) => jest.spyOn(fsPromises, name)),
  ];
  syncBuiltinESMExports();
  try {
    const fields = ['tokenFile', 'token-file', 'client-certificate', 'client-key'];
    for (const field of fields) expect(refusalOf(stringify(plain({ user: { token: 'x', [field]: canaryFile } }))).code).toBe('KUBECONFIG_FILE_REFERENCE_REFUSED');
    refusalOf(stringify(plain({ cluster: { 'certificate-authority': canaryFile } })));
    refusalOf(stringify(plain({ user: { token: canaryFile, exec: { command: canaryFile } } })));
    parseKubeconfig(stringify(plain()));
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    // The spies do see what they are there to see.
    fs.readFileSync(canaryFile);
    expect(spies[0]).toHaveBeenCalled();
  } finally {
    for (const spy of spies) spy.mockRestore();
    syncBuiltinESMExports();
  }
});

test('what is exported can be read again', async () => {
  const token = parseKubeconfig(stringify(plain({ cluster: { 'tls-server-name': 'kubernetes' } })));
  expect(parseKubeconfig(await exportKubeconfig(token, 'hub-east'))).toEqual(token);
  const certificate = parseKubeconfig(stringify(plain({ user: { 'client-certificate-data': base64(certPem), 'client-key-data': base64(keyPem) } })));
  const again = parseKubeconfig(await exportKubeconfig(certificate, 'hub-east'));
  expect(again.auth.type === 'certificate' && again.auth.keyPem.reveal()).toBe(keyPem);
});

test('a URL, a CA and a token make a connection', () => {
  const connection = tokenConnection({ server: 'https://api.example.com:6443/', caPem: `# comment\n${certPem}`, token: new Secret(' abc\n') });
  expect(connection).toMatchObject({ server: 'https://api.example.com:6443', caPem: expect.stringMatching(/^-----BEGIN/) });
  expect(connection.auth.type === 'token' && connection.auth.token.reveal()).toBe('abc');
});

test.each([
  { because: 'plain http', input: { server: 'http://x', token: 'a' } },
  { because: 'no URL', input: { server: 'hub', token: 'a' } },
  { because: 'no token', input: { server: 'https://x', token: ' ' } },
  { because: 'no certificate', input: { server: 'https://x', token: 'a', caPem: 'nonsense' } },
  { because: 'no host name', input: { server: 'https://x', token: 'a', tlsServerName: 'a b' } },
])('HUB_CONNECTION_MALFORMED: $because', ({ input }) => {
  expect(() => tokenConnection({ ...input, token: new Secret(input.token) })).toThrow(expect.objectContaining({ code: 'HUB_CONNECTION_MALFORMED' }));
});

function otherKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey;
}
