// Makes the Prisma client from prisma/schema.prisma, without any network: the schema engine, which the CLI
// would fetch, is not needed for that, so its variable names a file that exists.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { status, stdout, stderr, error } = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
});
if (status !== 0) {
  console.error(stdout, stderr, error ?? '');
  process.exit(status ?? 1);
}
