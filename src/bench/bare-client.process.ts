/** What is compared with: a process that makes the same writes, so many at once, and does nothing else. */
import { inParallel } from '../common/in-parallel.js';
import { Secret } from '../common/secret.js';
import { HubClient } from '../kube/hub-client.js';
import { PLACES, writesOf, type BareWork } from './bare-writes.js';

export interface BareOrder {
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
  readonly work: BareWork;
  readonly clusters: readonly string[];
}

/** How long all writes took, in milliseconds. */
export interface BareAnswer {
  readonly ms: number;
}

async function carryOut({ server, caPem, token, work, clusters }: BareOrder): Promise<BareAnswer> {
  const client = new HubClient({ server, caPem, auth: { type: 'token', token: new Secret(token) } }, { allowLoopback: true, userAgent: 'bare-client', limited: false });
  try {
    await client.serverVersion(); // the connection is there before the clock runs, as it is for a service that watches the hub
    const startedAt = performance.now();
    await inParallel(clusters, PLACES, async (cluster) => {
      for (const write of writesOf(work, cluster)) await write(client);
    });
    return { ms: performance.now() - startedAt };
  } finally {
    await client.close();
  }
}

process.on('message', (order: BareOrder) => {
  carryOut(order).then(
    (answer) => process.send?.(answer, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`The bare client failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.('ready');
