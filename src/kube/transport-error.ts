import { KubeError, type KubeErrorCode } from './kube-error.js';

/** The resolved address is one that is never called. */
export class AddressRefusedError extends Error {
  readonly code = 'LIFEBOAT_ADDRESS_REFUSED';
}

const TLS_CODES = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO$|ERR_OSSL_)/;

const WORDS: Record<string, string> = {
  LIFEBOAT_ADDRESS_REFUSED: 'the name resolves to an address that is never called',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name service does not answer',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_CLOSED: 'the client is closed',
  UND_ERR_DESTROYED: 'the client is closed',
};

/**
 * The code of an error, also of the attempts behind an AggregateError (several addresses of one name).
 * Asks for properties, not for classes: what throws may live in another realm.
 */
function systemCodeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN';
  const { code, errors, cause, name } = error as { code?: unknown; errors?: unknown; cause?: unknown; name?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return systemCodeOf(errors[0]);
  if (typeof code === 'string') return code;
  if (cause !== undefined) return systemCodeOf(cause);
  return typeof name === 'string' ? name : 'UNKNOWN';
}

function kubeCodeOf(systemCode: string): KubeErrorCode {
  if (systemCode === 'LIFEBOAT_ADDRESS_REFUSED') return 'HUB_ADDRESS_REFUSED';
  if (TLS_CODES.test(systemCode)) return 'HUB_TLS_FAILED';
  if (systemCode === 'UND_ERR_HEADERS_TIMEOUT' || systemCode === 'UND_ERR_BODY_TIMEOUT') return 'HUB_TIMEOUT';
  if (systemCode === 'UND_ERR_HEADERS_OVERFLOW') return 'HUB_ANSWER_TOO_LARGE';
  if (systemCode.startsWith('HPE_')) return 'HUB_ANSWER_MALFORMED';
  return 'HUB_UNREACHABLE';
}

/** Maps what the network threw. The error itself is not kept as a cause: it may hold headers. */
export function networkFailure(what: string, error: unknown): KubeError {
  const systemCode = systemCodeOf(error);
  return new KubeError(kubeCodeOf(systemCode), `${what}: ${WORDS[systemCode] ?? systemCode}`, { systemCode });
}

const CUT = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_INFO|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ERR_HTTP2_.*|ERR_STREAM_PREMATURE_CLOSE)$/;

/** Whether an open connection was cut, as when a server closes an idle one just as it is used: a read may be tried again at once. */
export function wasCut(error: KubeError): boolean {
  return error.code === 'HUB_UNREACHABLE' && CUT.test(String(error.details['systemCode']));
}
