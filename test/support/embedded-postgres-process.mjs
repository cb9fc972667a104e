// A process with an embedded PostgreSQL in the folder of the first argument (none: a throwaway), for tests that kill it.
import '../../scripts/typescript.mjs';

const { startEmbeddedPostgres } = await import('../../src/database/embedded-postgres.ts');

const [, , dataDir] = process.argv;
try {
  const { url, pid } = await startEmbeddedPostgres(dataDir ? { dataDir } : {});
  console.log(JSON.stringify({ url, pid }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
  process.exit(1);
}
setInterval(() => undefined, 60_000);
