import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { addressProblem, type AddressRule } from './address.rules.js';
import { stoodStill } from './pulse.js';
import { AddressRefusedError } from './transport-error.js';

/** Shorter than the deadline of a call, so that a host that swallows packets reads "unreachable" and no write is in doubt. */
const CONNECT_TIMEOUT_MS = 5_000;
const TCP_KEEPALIVE_MS = 30_000;

export interface TlsSettings {
  /** PEM; undefined: the system's roots */
  readonly ca: string | readonly string[] | undefined;
  readonly servername: string | undefined;
  readonly cert?: string;
  readonly key?: string;
  readonly http2: boolean;
}

/** Resolves a name and leaves out every address that may not be called, so that what was checked is what is dialled. */
export function guardedLookup(rule: AddressRule): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '');
      const allowed = addresses.filter(({ address }) => addressProblem(address, rule) === null);
      const [first] = allowed;
      if (first === undefined) return callback(new AddressRefusedError('no address of the host may be called'), '');
      if (options.all === true) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
}

function refusal(address: string | undefined, rule: AddressRule): AddressRefusedError | null {
  const problem = address === undefined ? 'it is unknown' : addressProblem(address, rule);
  return problem === null ? null : new AddressRefusedError(problem);
}

/** Dials, and lets no connection pass to an address that may not be called: not by name, not by number, not by a name that changes its mind. */
export function guardedConnector({ ca, http2, ...tls }: TlsSettings, rule: AddressRule, onConnected?: (protocol: string | false | null) => void): buildConnector.connector {
  const dial = buildConnector({
    ...tls,
    ca: typeof ca === 'object' ? [...ca] : ca,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    allowH2: http2,
    preferH2: true,
    timeout: CONNECT_TIMEOUT_MS,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    lookup: guardedLookup(rule),
  });
  return (target, callback) => {
    // A literal address is dialled without a look-up.
    const refused = isIP(target.hostname) === 0 ? null : refusal(target.hostname, rule);
    if (refused !== null) return callback(refused, null);
    dial(target, (...result) => {
      const [error, socket] = result;
      if (error !== null) return callback(error, null);
      const late = stoodStill() ? new Error('The process stood still while it connected') : refusal((socket as Socket).remoteAddress, rule);
      if (late === null) {
        onConnected?.((socket as TLSSocket).alpnProtocol);
        return callback(null, socket);
      }
      socket.destroy();
      callback(late, null);
    });
  };
}
