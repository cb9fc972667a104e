import type { KubeError } from '../kube/kube-error.js';
import type { ProxiedAnswer } from '../kube/kube.types.js';
import type { OwnAnswer, PathAnswer, PathCode, PathState } from './probes.types.js';

/** How a kube-apiserver begins when its proxy reached nothing. */
const UNREACHED = 'error trying to reach service:';
const MAX_DETAIL = 300;

const bounded = (text: string): string => (text.length <= MAX_DETAIL ? text : `${text.slice(0, MAX_DETAIL - 1)}…`);
const said = (state: PathState, code: PathCode, detail: string): PathAnswer => ({ state, code, detail: bounded(detail) });

/** Go's words for what became of a connection. The first that fits; the order matters where one error wraps another. */
const DIAL: readonly (readonly [RegExp, PathState, PathCode])[] = [
  [/server gave HTTP response to HTTPS client|first record does not look like a TLS handshake|malformed HTTP response/, 'REFUSED', 'NOT_HTTPS'],
  [/connection refused/, 'REFUSED', 'CONNECTION_REFUSED'],
  [/no route to host|network is unreachable|host is unreachable|host is down/, 'REFUSED', 'NO_ROUTE'],
  [/i\/o timeout|connection timed out|TLS handshake timeout|timeout awaiting response headers|dial tcp .*(deadline exceeded|operation was canceled)/, 'REFUSED', 'TIMED_OUT'],
  [/tls:|x509:|remote error/, 'UNKNOWN', 'TLS_FAILED'],
  [/connection reset|broken pipe|EOF|server closed/, 'UNKNOWN', 'CUT_OFF'],
];

/** Of an API server whose proxy speaks for itself, with the words after its beginning. */
function unreached(words: string): PathAnswer {
  const [, state, code] = DIAL.find(([pattern]) => pattern.test(words)) ?? ([null, 'UNKNOWN', 'UNCLEAR'] as const);
  return said(state, code, `the hub’s API server: ${words}`);
}

/** A Status that the hub itself gave about the Pod of this probe, not what stands behind. */
const isAbout = ({ kind, name }: ProxiedAnswer, object: string): boolean => kind === 'pods' && name !== null && (name === object || name.startsWith(`https:${object}:`));

/**
 * What an answer that came through the pod proxy says of the way. Any HTTP answer from behind proves it, whatever its status. Where it
 * cannot be told who answered, nothing is learned.
 * @param object the name of the probe's Pod
 * @param hubKnowsUs the hub took our credentials right after: a 401 came from behind
 */
export function pathAnswerOf(answer: ProxiedAnswer, object: string, hubKnowsUs: boolean): PathAnswer {
  const { status, message } = answer;
  const http = `HTTP ${status}${message === null ? '' : `: ${message}`}`;
  if (message?.startsWith(UNREACHED) === true && status >= 500) return unreached(message.slice(UNREACHED.length).trim());
  if (isAbout(answer, object)) {
    if (status === 403) return said('UNKNOWN', 'RIGHT_MISSING', `the account may not get pods/proxy on the target hub (${http})`);
    return said('UNKNOWN', 'UNCLEAR', `the hub does not find the Pod of the probe (${http})`);
  }
  if (message !== null && /address not allowed/.test(message)) return said('UNKNOWN', 'ADDRESS_REFUSED', `the hub refuses to call the address (${http})`);
  if (status === 401 && !hubKnowsUs) return said('UNKNOWN', 'HUB_AWAY', 'the hub did not take the credentials (HTTP 401)');
  if (status === 429 || status >= 500) return said('UNKNOWN', 'UNCLEAR', `${http}, from the hub or from behind`);
  return said('PROVEN', 'ANSWERED', `the cluster’s API server answered the target hub with HTTP ${status}`);
}

/** Why no answer came through the proxy. Whatever stands behind can make that happen, so it says nothing of the hub either. */
export function notAnswered(error: KubeError): PathAnswer {
  return said('UNKNOWN', error.code === 'HUB_TIMEOUT' ? 'TIMED_OUT' : 'UNCLEAR', `no answer came through the hub: ${error.message}`);
}

/** Why the probe itself did not come about: nothing is learned of the way. @param doing what was being done, e.g. `make the probe’s Pod` */
export function notProbed(error: KubeError, doing: string): PathAnswer {
  const why = `could not ${doing}: ${error.message}`;
  if (error.details['refusal'] === 'NAMESPACE_MISSING') return said('UNKNOWN', 'RIGHT_MISSING', `${why}; deploy/hub-rbac.yaml makes the namespace`);
  switch (error.code) {
    case 'HUB_FORBIDDEN': return said('UNKNOWN', error.details['refusal'] === undefined ? 'RIGHT_MISSING' : 'UNCLEAR', why);
    case 'HUB_BUSY_THROTTLED': return said('UNKNOWN', 'HUB_BUSY', why);
    case 'HUB_UNREACHABLE': case 'HUB_TIMEOUT': case 'HUB_TLS_FAILED': case 'HUB_UNAUTHORIZED': case 'HUB_ADDRESS_REFUSED': return said('UNKNOWN', 'HUB_AWAY', why);
    default: return said('UNKNOWN', error.code === 'KUBE_INVALID' && /loopback|link-local/.test(error.message) ? 'ADDRESS_REFUSED' : 'UNCLEAR', why);
  }
}

/** Why no address came of the cluster's name. */
export function notResolved(error: KubeError): PathAnswer {
  if (error.code === 'HUB_ADDRESS_REFUSED') return said('UNKNOWN', 'ADDRESS_REFUSED', 'the API URL leads to a loopback, link-local or metadata address, which is never probed');
  return said('UNKNOWN', 'NAME_NOT_FOUND', `the name in the API URL is not known where Lifeboat runs: ${error.message}`);
}

const OWN: Readonly<Record<string, PathCode>> = { ECONNREFUSED: 'CONNECTION_REFUSED', EHOSTUNREACH: 'NO_ROUTE', ENETUNREACH: 'NO_ROUTE', ENOTFOUND: 'NAME_NOT_FOUND', EAI_AGAIN: 'NAME_NOT_FOUND', ETIMEDOUT: 'TIMED_OUT', EPROTO: 'TLS_FAILED', ECONNRESET: 'CUT_OFF', EPIPE: 'CUT_OFF' };

/** Why Lifeboat itself met nobody. */
export function ownFailure(error: KubeError): OwnAnswer {
  const code: PathCode =
    error.code === 'HUB_TIMEOUT' ? 'TIMED_OUT' : error.code === 'HUB_ADDRESS_REFUSED' ? 'ADDRESS_REFUSED' : error.code === 'HUB_TLS_FAILED' ? 'TLS_FAILED' : (OWN[String(error.details['systemCode'])] ?? 'UNCLEAR');
  return { code, detail: bounded(error.message) };
}

/** What stood there when Lifeboat knocked. */
export function ownAnswer({ status, address, certificateProblem, certificateEndsAt }: { readonly status: number; readonly address: string; readonly certificateProblem: string | null; readonly certificateEndsAt: Date | null }): OwnAnswer {
  const trust = certificateProblem === null ? 'publicly trusted' : `not publicly trusted (${certificateProblem})`;
  const ends = certificateEndsAt === null ? '' : `, valid until ${certificateEndsAt.toISOString()}`;
  return { code: 'ANSWERED', detail: bounded(`HTTP ${status} from ${address}; the certificate is ${trust}${ends}`) };
}
