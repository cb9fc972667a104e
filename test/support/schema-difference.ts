import { readFileSync } from 'node:fs';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { withSchemaEngine } from './schema-engine.js';

export const MIGRATIONS = new URL('../../prisma/migrations/', import.meta.url);
const SCHEMA = new URL('../../prisma/schema.prisma', import.meta.url);
const EMPTY = /^\s*(--[^\n]*\s*)*$/;

/**
 * The SQL that leads from the migrated database at `url` to prisma/schema.prisma; null if nothing is missing.
 * Tables, columns, keys and indexes (partial ones too) are compared; CHECKs, triggers and functions are not seen.
 */
export async function schemaDifference(url: string): Promise<string | null> {
  const filters = { externalTables: ['public._prisma_migrations'], externalEnums: [] };
  const schema = { path: SCHEMA.pathname, content: readFileSync(SCHEMA, 'utf8') };
  const { stdout } = await withSchemaEngine(url, (engine) =>
    engine.diff({ from: { tag: 'schemaDatasource', files: [schema], configDir: '.' }, to: { tag: 'schemaDatamodel', files: [schema] }, script: true, exitCode: null, filters }),
  );
  return stdout === null || EMPTY.test(stdout) ? null : stdout;
}

/** The same for a throwaway server that has just been migrated. */
export async function missingMigration(): Promise<string | null> {
  const server = await startEmbeddedPostgres();
  try {
    await migrate(server.url);
    return await schemaDifference(server.url);
  } finally {
    await server.stop();
  }
}
