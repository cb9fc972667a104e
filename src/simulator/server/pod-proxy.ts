import { request } from 'node:https';
import { ApiStatusError, forbidden, notFound } from '../store/api-status.js';
import type { HubStore } from '../store/hub-store.js';
import type { HttpExchange } from './http-exchange.js';
import type { RequestTarget } from './request-target.js';

/** What becomes of a connection that the hub's control plane opens; null: it is really dialled. */
export type DialFault = 'refused' | 'no-route' | 'timeout';
export type NetworkRule = (address: string, port: number) => DialFault | null;

/** In Go's words. */
const WORDS: Readonly<Record<DialFault, string>> = { refused: 'connect: connection refused', 'no-route': 'connect: no route to host', timeout: 'i/o timeout' };
const CODES: Readonly<Record<string, string>> = { ECONNREFUSED: WORDS.refused, EHOSTUNREACH: WORDS['no-route'], ENETUNREACH: 'connect: network is unreachable' };

const PODS = { group: '', version: 'v1', plural: 'pods', kind: 'pods' } as const;

/** What is reached is called a service, whatever it is. */
const unreached = (why: string): ApiStatusError => new ApiStatusError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`);

/** Whether a path names the proxy of a Pod. */
export const isPodProxy = ({ group, plural, namespace, name, subresource }: RequestTarget): boolean =>
  group === '' && plural === 'pods' && namespace !== null && name !== null && subresource !== null && /^proxy(\/|$)/.test(subresource);

/**
 * Where `SCHEME:POD:PORT` leads: to the address in the Pod's status, scheduled or not. Loopback is let through, other than there.
 * @see k8s.io/kubernetes, pkg/registry/core/pod, ResourceLocation
 * @throws ApiStatusError 400, 404
 */
function backendOf(store: HubStore, target: RequestTarget): { address: string; port: number } {
  const [scheme = '', pod = '', port = ''] = (target.name ?? '').split(':');
  if (scheme !== 'https') throw new ApiStatusError(400, 'BadRequest', `invalid pod request ${JSON.stringify(target.name)}`);
  const collection = store.collection(PODS);
  const object = collection?.get(target.namespace ?? '', pod);
  if (!collection || !object) throw notFound(PODS, pod);
  const { podIPs: [first] = [] } = (object.read().status ?? {}) as { podIPs?: readonly { ip: string }[] };
  if (!first) throw new ApiStatusError(400, 'BadRequest', 'address not allowed');
  return { address: first.ip, port: Number(port) };
}

/** Sends the answer of what stands at the Pod's address. What the caller logged in with is not passed on. @throws ApiStatusError 400, 404, 503 */
export async function answerThroughPod(exchange: HttpExchange, target: RequestTarget, store: HubStore, network: NetworkRule): Promise<void> {
  const { address, port } = backendOf(store, target);
  const fault = network(address, port);
  const dialled = `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}`;
  if (fault !== null) throw unreached(`${dialled}: ${WORDS[fault]}`);
  const path = (target.subresource ?? '').slice('proxy'.length) || '/';
  const { status, type, body } = await new Promise<{ status: number; type: string; body: Buffer }>((resolve, reject) => {
    const sent = request({ host: address, port, path, method: exchange.method, agent: false, rejectUnauthorized: false, headers: { accept: exchange.header('accept') ?? '*/*' } });
    sent.on('error', (error: NodeJS.ErrnoException) => reject(unreached(`${dialled}: ${CODES[error.code ?? ''] ?? (error.code === 'EPROTO' ? 'tls: first record does not look like a TLS handshake' : 'EOF')}`)));
    sent.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject).on('end', () => resolve({ status: answer.statusCode ?? 502, type: answer.headers['content-type'] ?? 'text/plain', body: Buffer.concat(chunks) }));
    });
    sent.end();
  });
  exchange.send(status, type, body);
}

/** @throws ApiStatusError 403 unless they may `get pods/proxy` */
export function refuseUnless(may: boolean, user: string, { name, namespace }: RequestTarget): void {
  if (!may) throw forbidden(PODS, name ?? '', `User "${user}" cannot get resource "pods/proxy" in API group "" in the namespace "${namespace}"`);
}
