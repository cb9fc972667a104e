// One PostgreSQL for a whole Jest run, started when the first test asks for a database (test/support/database.ts), so that
// a run without such tests does not wait for it. Workers ask over a socket, since they share no memory with this process.
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

async function startMigrated() {
  await import('../../scripts/typescript.mjs');
  const { startEmbeddedPostgres } = await import('../../src/database/embedded-postgres.ts');
  const { migrate } = await import('../../src/database/migrate.ts');
  const postgres = await startEmbeddedPostgres();
  await migrate(postgres.url);
  return postgres;
}

export default async function globalSetup() {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-test-'));
  const state = { folder, listener: undefined, starting: undefined };
  state.listener = createServer((socket) => {
    socket.on('error', () => undefined); // a worker that ended meanwhile
    state.starting ??= startMigrated();
    state.starting.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error) => socket.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise((resolve) => state.listener.listen(join(folder, 'socket'), resolve));
  state.listener.unref();
  process.env.LIFEBOAT_TEST_POSTGRES = join(folder, 'socket');
  globalThis.lifeboatTestPostgres = state;
}
