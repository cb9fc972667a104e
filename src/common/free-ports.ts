import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that systems give to outgoing connections (Linux: from 32768, Windows and macOS: from 49152), above the well-known ones. */
const FROM = 15_000;
const TO = 32_000;
const TRIES = 200;

/**
 * Ports of 127.0.0.1 that nobody held a moment ago, for programs that must be told theirs before they start. None is from the range from which
 * the system takes ports for connections: between the look and the start, one of those is taken too easily.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: { readonly port: number; readonly server: Server }[] = [];
  for (let tries = 0; held.length < count && tries < TRIES; tries += 1) {
    const port = randomInt(FROM, TO);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    if (isFree) held.push({ port, server });
  }
  await Promise.all(held.map(({ server }) => once(server.close(), 'close')));
  if (held.length < count) throw new Error(`No ${count} free ports were found on 127.0.0.1 between ${FROM} and ${TO}`);
  return held.map(({ port }) => port);
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
