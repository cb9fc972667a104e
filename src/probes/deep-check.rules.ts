import { X509Certificate } from 'node:crypto';
import { namespaces, secrets } from '../common/rhacm-names.js';
import type { KubeError, KubeErrorCode } from '../kube/kube-error.js';
import type { AccessQuestion } from '../kube/kube.types.js';
import { isExpired, operatorChoice } from '../recovery/imports/token-choice.rules.js';
import { nextProbeAt } from './probe-times.rules.js';
import type { DeepAnswer, DeepState, TriedToken } from './probes.types.js';

const DAY_S = 86_400;

/** What an import by token does on the managed cluster, and the only thing that its role allows beside reading the same. */
export const importRight: AccessQuestion = { verb: 'update', group: '', resource: 'secrets', namespace: namespaces.agent, name: secrets.bootstrapKubeconfig };

/** How long the cluster's word counts. Milliseconds. */
export const deepCheckCountsForMs = 3 * DAY_S * 1000;

/** Whether the token would do its job or would not: nothing was learned where nobody answered, or somebody who knows nothing of tokens. */
export const hasTaught = (state: DeepState): boolean => state === 'PASSED' || isNoGood(state);

/** A failover would try the other account's token next. */
export const isNoGood = (state: DeepState): boolean => state === 'DENIED' || state === 'REFUSED' || state === 'EMPTY';

/** Once a day, each token at its own place in the day; within the hour where it is not what it should be. @param key names the token */
export const nextDeepCheckAt = (state: DeepState, key: string, now: Date): Date => nextProbeAt(state === 'PASSED' ? 'PROVEN' : 'REFUSED', key, DAY_S, now);

/** The one that a restore of these would use. */
export const tokenToTry = (tokens: readonly TriedToken[], now: Date): TriedToken | null => operatorChoice(tokens, now);

/** The one that a failover would try next; null: there is none that has not expired. */
export const tokenToTryNext = (tokens: readonly TriedToken[], first: TriedToken, now: Date): TriedToken | null =>
  operatorChoice(tokens.filter((token) => token.account !== first.account && !isExpired(token, now)), now);

/** Printable, so that it can stand in a header; longer than any token that an API server issues is none. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;
export const isTokenText = (text: string): boolean => TOKEN.test(text);

const MAX_AUTHORITIES = 20;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,10000}-----END CERTIFICATE-----/g;

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // somebody wrote something else there
  }
}

/** The certificates in texts that a hub keeps of a cluster, as PEM; null: there are none. Whatever else the texts hold is left out. */
export function authoritiesIn(texts: readonly (string | null)[]): string | null {
  const found = texts.flatMap((text) => [...(text ?? '').matchAll(CERTIFICATE)].map(([pem]) => pem)).slice(0, MAX_AUTHORITIES).filter(isCertificate);
  return found.length === 0 ? null : found.join('\n');
}

export const nothingToTry: DeepAnswer = { state: 'UNKNOWN', detail: 'the source hub holds no token of the cluster' };

/** Why no token came to be tried. @param detail our own words */
export const notTried = (detail: string): DeepAnswer => ({ state: 'UNKNOWN', detail });

/** Nobody needs to be asked. */
export const emptySecret = (account: string): DeepAnswer => ({ state: 'EMPTY', detail: `the Secret of ${account} on the source hub holds no token` });

/** What the cluster said: may the token do what an import does? */
export function wordOfCluster(account: string, mayUpdate: boolean): DeepAnswer {
  const right = `update the Secret ${secrets.bootstrapKubeconfig} in ${namespaces.agent}`;
  return mayUpdate
    ? { state: 'PASSED', detail: `the cluster takes the token of ${account}, which may ${right}` }
    : { state: 'DENIED', detail: `the cluster takes the token of ${account}, which may not ${right}` };
}

const UNTAUGHT: Partial<Record<KubeErrorCode, string>> = {
  HUB_TLS_FAILED: 'the certificate that stands at the API URL is signed by no authority that the source hub or the public names for the cluster, so the token was not sent',
  HUB_ADDRESS_REFUSED: 'the API URL leads to a loopback, link-local or metadata address, which is never called',
  HUB_REDIRECT_REFUSED: 'the API URL answers with a redirect, which is never followed',
  HUB_FORBIDDEN: 'the cluster lets nobody ask for their rights',
  HUB_BUSY_THROTTLED: 'the cluster asked for a pause',
};

/** Why the cluster did not answer the question. Of the error only its code is told: its words may be the cluster's. */
export function wordlessCluster(account: string, { code, details }: KubeError): DeepAnswer {
  switch (code) {
    case 'HUB_UNAUTHORIZED':
      return { state: 'REFUSED', detail: `the cluster refused the token of ${account} (HTTP 401)` };
    case 'HUB_TIMEOUT':
      return { state: 'UNREACHABLE', detail: 'Lifeboat got no answer from the cluster’s API in time' };
    case 'HUB_UNREACHABLE':
      return { state: 'UNREACHABLE', detail: `Lifeboat does not reach the cluster’s API (${String(details['systemCode'] ?? code)})` };
    default:
      return { state: 'UNKNOWN', detail: UNTAUGHT[code] ?? `what stands at the API URL does not answer as a cluster does (${code})` };
  }
}
