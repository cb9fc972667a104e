import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Document, isAlias, isCollection, isMap, isNode, isScalar, Lexer, parseDocument, visit, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { Secret } from '../common/secret.js';
import type { HubConnection } from './hub-client.types.js';
import { KubeconfigError, type KubeconfigErrorCode } from './kubeconfig.errors.js';

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;
/** Bounds the parser's time: a text made to be slow has one token for each character or two. Thousands of clusters stay below. */
const MAX_TOKENS = 100_000;

const refuse = (code: KubeconfigErrorCode, message: string): never => {
  throw new KubeconfigError(code, message);
};

const text = z.string().min(1).max(MAX_BYTES);
/** Others' notes; read by nobody here. */
const extensions = z.unknown().optional();

const kubeconfigSchema = z.strictObject({
  apiVersion: z.literal('v1').optional(),
  kind: z.literal('Config').optional(),
  preferences: z.unknown().optional(),
  extensions,
  'current-context': z.string().optional(),
  clusters: z.array(z.strictObject({ name: text, cluster: z.record(z.string(), z.unknown()) })).max(1000),
  users: z.array(z.strictObject({ name: text, user: z.record(z.string(), z.unknown()) })).max(1000),
  // The Kubernetes package for JavaScript repeats the name inside when it writes a kubeconfig.
  contexts: z.array(z.strictObject({
    name: text, context: z.strictObject({ cluster: text, user: text, namespace: z.string().optional(), name: z.string().optional(), extensions }),
  })).max(1000),
});

const clusterSchema = z.strictObject({
  server: text,
  'certificate-authority-data': text.optional(),
  'tls-server-name': text.regex(/^[\w.:-]{1,253}$/).optional(),
  'disable-compression': z.boolean().optional(),
  extensions,
});

const userSchema = z.strictObject({
  token: text.optional(),
  'client-certificate-data': text.optional(),
  'client-key-data': text.optional(),
  extensions,
});

/** Fields that are refused by name, each with its own code, before the allow-list refuses all the rest. */
const REFUSED_CLUSTER_FIELDS: Record<string, KubeconfigErrorCode> = {
  'certificate-authority': 'KUBECONFIG_FILE_REFERENCE_REFUSED',
  'proxy-url': 'KUBECONFIG_PROXY_REFUSED',
  'insecure-skip-tls-verify': 'KUBECONFIG_INSECURE_REFUSED',
};

const REFUSED_USER_FIELDS: Record<string, KubeconfigErrorCode> = {
  exec: 'KUBECONFIG_EXEC_REFUSED',
  'auth-provider': 'KUBECONFIG_AUTH_PROVIDER_REFUSED',
  tokenFile: 'KUBECONFIG_FILE_REFERENCE_REFUSED',
  'token-file': 'KUBECONFIG_FILE_REFERENCE_REFUSED',
  'client-certificate': 'KUBECONFIG_FILE_REFERENCE_REFUSED',
  'client-key': 'KUBECONFIG_FILE_REFERENCE_REFUSED',
  as: 'KUBECONFIG_CREDENTIAL_REFUSED',
  'as-uid': 'KUBECONFIG_CREDENTIAL_REFUSED',
  'as-groups': 'KUBECONFIG_CREDENTIAL_REFUSED',
  'as-user-extra': 'KUBECONFIG_CREDENTIAL_REFUSED',
  impersonateUser: 'KUBECONFIG_CREDENTIAL_REFUSED',
  username: 'KUBECONFIG_CREDENTIAL_REFUSED',
  password: 'KUBECONFIG_CREDENTIAL_REFUSED',
};

/**
 * Reads a kubeconfig by an allow-list of our own: nothing in it can make us open a file, run a program, use a proxy
 * or trust blindly. Only one context and what it names is looked at; the rest is dropped.
 * @param contextName which context; absent: the current one, or the only one
 * @throws KubeconfigError with a code for each reason of refusal; its message names fields and never a value
 */
export function parseKubeconfig(kubeconfig: string, contextName?: string): HubConnection {
  const config = parseBy('KUBECONFIG_MALFORMED', 'kubeconfig', kubeconfigSchema, parseYaml(kubeconfig));
  const context = pickContext(contextName ?? config['current-context'], config.contexts);
  const cluster = one('cluster', config.clusters, context.cluster).cluster;
  const user = one('user', config.users, context.user).user;
  const allowedCluster = parseBy('KUBECONFIG_MALFORMED', 'cluster', clusterSchema, withoutRefused('cluster', cluster, REFUSED_CLUSTER_FIELDS));
  const allowedUser = parseBy('KUBECONFIG_MALFORMED', 'user', userSchema, withoutRefused('user', user, REFUSED_USER_FIELDS));
  const ca = allowedCluster['certificate-authority-data'];
  return {
    server: serverOf(allowedCluster.server, 'KUBECONFIG_HTTP_REFUSED', 'KUBECONFIG_MALFORMED'),
    ...(ca === undefined ? {} : { caPem: certificatesOf(fromBase64('certificate-authority-data', ca), 'certificate-authority-data', 'KUBECONFIG_MALFORMED') }),
    ...(allowedCluster['tls-server-name'] === undefined ? {} : { tlsServerName: allowedCluster['tls-server-name'] }),
    auth: authOf(allowedUser),
  };
}

/**
 * The same checks for an address, a CA and a token that come without a kubeconfig.
 * @throws KubeconfigError HUB_CONNECTION_MALFORMED
 */
export function tokenConnection(input: { server: string; caPem?: string; token: Secret; tlsServerName?: string }): HubConnection {
  const code = 'HUB_CONNECTION_MALFORMED';
  if (input.tlsServerName !== undefined && !/^[\w.:-]{1,253}$/.test(input.tlsServerName)) refuse(code, 'The TLS server name is no host name');
  return {
    server: serverOf(input.server, code, code),
    ...(input.caPem === undefined ? {} : { caPem: certificatesOf(input.caPem, 'The CA', code) }),
    ...(input.tlsServerName === undefined ? {} : { tlsServerName: input.tlsServerName }),
    auth: { type: 'token', token: new Secret(tokenOf(input.token.reveal(), code)) },
  };
}

function parseYaml(source: string): unknown {
  if (Buffer.byteLength(source) > MAX_BYTES) refuse('KUBECONFIG_MALFORMED', `The kubeconfig is over ${MAX_BYTES} bytes`);
  if (hasTooManyTokens(source)) refuse('KUBECONFIG_MALFORMED', `The kubeconfig has over ${MAX_TOKENS} tokens`);
  let document: Document.Parsed;
  try {
    document = parseDocument(source, { schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  } catch {
    // The parser's words quote the text.
    return refuse('KUBECONFIG_MALFORMED', 'The kubeconfig is not YAML');
  }
  if (document.errors.length > 0 || document.warnings.length > 0) refuse('KUBECONFIG_MALFORMED', 'The kubeconfig is not one document of plain YAML');
  checkPlain(document);
  return document.toJS({ maxAliasCount: 0 });
}

function hasTooManyTokens(source: string): boolean {
  let tokens = 0;
  for (const _token of new Lexer().lex(source)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) return true;
  }
  return false;
}

/** Aliases can make a small text explode, or one value stand in two places; nobody's kubeconfig has them. */
function checkPlain(document: Document.Parsed): void {
  visit(document, (_key, node, path) => {
    if (path.filter(isCollection).length > MAX_DEPTH) refuse('KUBECONFIG_MALFORMED', 'The kubeconfig is nested too deeply');
    if (isAlias(node) || (isNode(node) && 'anchor' in node && node.anchor !== undefined)) refuse('KUBECONFIG_MALFORMED', 'The kubeconfig uses YAML anchors');
    if (isMap(node)) checkKeys(node);
  });
}

/** The parser's own check of this takes the square of the number of keys. */
function checkKeys(map: YAMLMap): void {
  const keys = new Set(map.items.map(({ key }) => (isScalar(key) && typeof key.value === 'string' ? key.value : null)));
  if (keys.has(null)) refuse('KUBECONFIG_MALFORMED', 'The kubeconfig has a key that is no text');
  if (keys.size < map.items.length) refuse('KUBECONFIG_MALFORMED', 'The kubeconfig has a key twice');
}

function parseBy<T>(code: KubeconfigErrorCode, what: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // Only the place: an issue's own words may quote keys that are values in the wrong place.
  const path = issue?.path.filter((part) => typeof part === 'number' || /^[\w-]{1,40}$/.test(String(part))).join('.') ?? '';
  const reason = issue?.code === 'unrecognized_keys' ? 'holds a field that is not understood' : 'is not what a kubeconfig holds there';
  return refuse(code, `The ${what}${path === '' ? '' : ` at ${path}`} ${reason}`);
}

function pickContext(current: string | undefined, contexts: readonly { name: string; context: { cluster: string; user: string } }[]): { cluster: string; user: string } {
  const [only] = contexts;
  if ((current === undefined || current === '') && only !== undefined && contexts.length === 1) return only.context;
  const named = contexts.filter(({ name }) => name === current);
  const [context] = named;
  if (named.length > 1) refuse('KUBECONFIG_MALFORMED', 'The context is there more than once');
  return context?.context ?? refuse('KUBECONFIG_CONTEXT_UNKNOWN', 'The context is not among the contexts');
}

function one<T extends { name: string }>(what: string, entries: readonly T[], name: string): T {
  const named = entries.filter((entry) => entry.name === name);
  const [entry] = named;
  if (named.length > 1) refuse('KUBECONFIG_MALFORMED', `The context's ${what} is there more than once`);
  return entry ?? refuse('KUBECONFIG_MALFORMED', `The context's ${what} is not in the kubeconfig`);
}

/** Refuses named fields that say something; `proxy-url: ''` or `insecure-skip-tls-verify: false` say nothing and are dropped. */
function withoutRefused(what: string, fields: Record<string, unknown>, refused: Record<string, KubeconfigErrorCode>): Record<string, unknown> {
  const saysNothing = (value: unknown): boolean => value === null || value === '' || value === false;
  for (const [field, code] of Object.entries(refused)) {
    if (Object.hasOwn(fields, field) && !saysNothing(fields[field])) refuse(code, `The ${what} holds ${field}`);
  }
  return Object.fromEntries(Object.entries(fields).filter(([field, value]) => !saysNothing(value) || !Object.hasOwn(refused, field)));
}

function serverOf(server: string, plainHttp: KubeconfigErrorCode, code: KubeconfigErrorCode): string {
  const url = URL.parse(server);
  if (url?.protocol === 'http:') refuse(plainHttp, 'The server is plain http');
  if (url?.protocol !== 'https:' || url.hostname === '') return refuse(code, 'The server is no https URL');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') refuse(code, 'The server holds more than host, port and path');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function fromBase64(field: string, value: string): string {
  const compact = value.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) refuse('KUBECONFIG_MALFORMED', `${field} is not base64`);
  return Buffer.from(compact, 'base64').toString('utf8');
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesOf(pem: string, field: string, code: KubeconfigErrorCode): string {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) refuse(code, `${field} holds no PEM certificate`);
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    refuse(code, `${field} holds a certificate that cannot be read`);
  }
  return `${blocks.join('\n')}\n`;
}

/** A token goes into a header: visible ASCII without spaces. */
function tokenOf(token: string, code: KubeconfigErrorCode): string {
  const trimmed = token.trim();
  if (!/^[\x21-\x7e]{1,65536}$/.test(trimmed)) refuse(code, 'The token is empty or holds characters that no token has');
  return trimmed;
}

function authOf(user: z.infer<typeof userSchema>): HubConnection['auth'] {
  const { token, 'client-certificate-data': certificate, 'client-key-data': key } = user;
  const code = 'KUBECONFIG_CREDENTIAL_REFUSED';
  if (token !== undefined && (certificate !== undefined || key !== undefined)) refuse(code, 'The user holds both a token and a client certificate');
  if (token !== undefined) return { type: 'token', token: new Secret(tokenOf(token, 'KUBECONFIG_MALFORMED')) };
  if (certificate === undefined || key === undefined) return refuse(code, 'The user holds neither a token nor a client certificate with its key');
  const certPem = certificatesOf(fromBase64('client-certificate-data', certificate), 'client-certificate-data', 'KUBECONFIG_MALFORMED');
  const keyPem = fromBase64('client-key-data', key);
  if (!belongTogether(certPem, keyPem)) refuse(code, 'client-key-data is no key of the client certificate');
  return { type: 'certificate', certPem, keyPem: new Secret(keyPem) };
}

function belongTogether(certPem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false; // not a key at all; the library's words are of no use and may quote it
  }
}
