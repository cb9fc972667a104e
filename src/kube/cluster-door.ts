import { lookup } from 'node:dns/promises';
import { request } from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { addressProblem, type AddressRule } from './address.rules.js';
import { Deadline } from './deadline.js';
import { guardedLookup } from './guarded-connector.js';
import { USER_AGENT } from './hub-client.js';
import { networkFailure, AddressRefusedError } from './transport-error.js';

/** A GET with our own words: nothing of the answer but this is kept. */
export interface DoorAnswer {
  readonly status: number;
  readonly address: string;
  /** Why the certificate would not be trusted by the public authorities, as Node names it; null: it would */
  readonly certificateProblem: string | null;
  readonly certificateEndsAt: Date | null;
}

const MAX_HEADER_BYTES = 16 * 1024;

/** Without the brackets that a URL puts around IPv6. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/**
 * The addresses that a host has and that may be called, each once, in the resolver's order.
 * @throws KubeError HUB_ADDRESS_REFUSED: none may be called; HUB_UNREACHABLE: the name is not known here; HUB_TIMEOUT
 */
export async function allowedAddresses(url: URL, rule: AddressRule, deadlineMs: number, signal?: AbortSignal): Promise<string[]> {
  const host = hostOf(url);
  const what = 'resolve the cluster’s name';
  const deadline = new Deadline(deadlineMs, signal);
  try {
    const called = new Promise<never>((_, reject) => deadline.signal.addEventListener('abort', () => reject(new Error('too late')), { once: true }));
    const found = isIP(host) === 0 ? await Promise.race([lookup(host, { all: true }), called]) : [{ address: host }];
    const allowed = [...new Set(found.map(({ address }) => address))].filter((address) => addressProblem(address, rule) === null);
    if (allowed.length === 0) throw new AddressRefusedError('no address of the host may be called');
    return allowed;
  } catch (error) {
    throw deadline.failure(what) ?? networkFailure(what, error);
  } finally {
    deadline.dispose();
  }
}

/**
 * Calls a cluster's API server from here: TLS and one GET without credentials. The certificate is looked at, not relied on: nothing is sent
 * that anybody could want, and nothing that comes back is believed. No redirect is followed, no body is read.
 * @throws KubeError, with the codes of a call to a hub
 */
export async function knockAt(url: URL, path: string, options: AddressRule & { readonly deadlineMs: number; readonly signal?: AbortSignal }): Promise<DoorAnswer> {
  const what = 'get version of the cluster';
  const deadline = new Deadline(options.deadlineMs, options.signal);
  try {
    const problem = isIP(hostOf(url)) === 0 ? null : addressProblem(hostOf(url), options);
    if (problem !== null) throw new AddressRefusedError(problem);
    return await new Promise<DoorAnswer>((resolve, reject) => {
      const sent = request({
        host: hostOf(url), port: url.port === '' ? 443 : Number(url.port), path, method: 'GET', agent: false, signal: deadline.signal, lookup: guardedLookup(options),
        headers: { 'user-agent': USER_AGENT, accept: 'application/json' }, rejectUnauthorized: false, minVersion: 'TLSv1.2', maxHeaderSize: MAX_HEADER_BYTES,
      });
      sent.on('error', reject).on('response', (answer) => {
        const socket = answer.socket as TLSSocket;
        const ends = Date.parse(socket.getPeerCertificate().valid_to);
        resolve({
          status: answer.statusCode ?? 0, address: socket.remoteAddress ?? '', certificateProblem: socket.authorized ? null : problemName(socket.authorizationError),
          certificateEndsAt: Number.isNaN(ends) ? null : new Date(ends),
        });
        answer.on('error', () => undefined);
        sent.destroy();
      });
      sent.end();
    });
  } catch (error) {
    throw deadline.failure(what) ?? networkFailure(what, error);
  } finally {
    deadline.dispose();
  }
}

const problemName = (error: unknown): string => {
  const name = error instanceof Error ? ((error as { code?: unknown }).code ?? error.name) : error;
  return typeof name === 'string' && /^[A-Z0-9_]{1,60}$/.test(name) ? name : 'UNTRUSTED';
};
