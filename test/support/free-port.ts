import { createServer, type AddressInfo } from 'node:net';

/** A port of 127.0.0.1 that nobody held a moment ago, for a server that must come back at the same one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
