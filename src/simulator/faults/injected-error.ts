import { ApiStatusError, expired, tooManyRequests } from '../store/api-status.js';

export type InjectedCode = 401 | 403 | 409 | 410 | 429 | 500 | 502 | 503 | 504;

/** A refusal that has no reason in the request: in the words that kube-apiserver has for it. */
export function injectedError(code: InjectedCode, retryAfterSeconds?: number): ApiStatusError {
  switch (code) {
    case 401:
      return new ApiStatusError(401, 'Unauthorized', 'Unauthorized');
    case 403:
      return new ApiStatusError(403, 'Forbidden', 'forbidden: not yet ready to handle request', {});
    case 409:
      return new ApiStatusError(409, 'Conflict', 'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again', {});
    case 410:
      return expired('The resourceVersion for the provided watch is too old.');
    case 429:
      return tooManyRequests(retryAfterSeconds ?? 1);
    case 500:
      return new ApiStatusError(500, 'InternalError', 'Internal error occurred: etcdserver: request timed out', { causes: [{ message: 'etcdserver: request timed out' }] });
    case 503:
      return new ApiStatusError(503, 'ServiceUnavailable', 'the server is currently unable to handle the request', { retryAfterSeconds });
    case 504:
      return new ApiStatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', { retryAfterSeconds });
    case 502:
      return new ApiStatusError(502, '', 'an error on the server ("") has prevented the request from succeeding', {});
  }
}
