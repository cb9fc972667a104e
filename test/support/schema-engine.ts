import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { DiagnoseMigrationHistoryOutput, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';

/** As far as it is used; the DOM's library would bring its types into the whole project. */
interface WasmRuntime {
  instantiate(bytes: Uint8Array, imports: Record<string, unknown>): Promise<{ instance: { exports: Record<string, unknown> } }>;
}
declare const WebAssembly: WasmRuntime;

/**
 * Prisma's own schema engine, in process: what `prisma migrate` runs, without the binary that the CLI would fetch.
 * The module is compiled here rather than imported as WebAssembly, since Node and Jest differ in how they import that.
 */
async function loadEngine(): Promise<typeof SchemaEngine> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => console.error(message) } });
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(await readFile(path), { './schema_engine_bg.js': glue });
  (glue as unknown as { __wbg_set_wasm(exports: unknown): void }).__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return glue.SchemaEngine;
}

let engine: Promise<typeof SchemaEngine> | undefined;

interface Fields {
  readonly fields: readonly { dataTypeID: number }[];
}
const CHAR_OID = 18;
const TEXT_OID = 25;

/** Mends two things of the adapter as shipped (7.10) that the engine trips over. */
function mended(adapter: SqlDriverAdapter): SqlDriverAdapter {
  // It cuts scripts at every semicolon, in quotes and function bodies too. Sent whole, a script is one simple query.
  adapter.executeScript = async (sql) => {
    await adapter.executeRaw({ sql, args: [], argTypes: [] });
  };
  // It does not know the type "char" of PostgreSQL's catalogue, which the engine reads. The engine asks one thing at a time.
  const inner = adapter as unknown as { performIO(query: SqlQuery): Promise<Fields> };
  const [performIO, queryRaw] = [inner.performIO.bind(adapter), adapter.queryRaw.bind(adapter)];
  let chars: readonly boolean[] = [];
  inner.performIO = async (query) => {
    const result = await performIO(query);
    const fields = result.fields ?? [];
    chars = fields.map(({ dataTypeID }) => dataTypeID === CHAR_OID);
    for (const field of fields) if (field.dataTypeID === CHAR_OID) field.dataTypeID = TEXT_OID;
    return result;
  };
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    return { ...result, columnTypes: result.columnTypes.map((type, index) => (chars[index] ? ColumnTypeEnum.Character : type)) };
  };
  return adapter;
}

function adapterFactory(url: string): SqlMigrationAwareDriverAdapterFactory {
  // One connection, so that session settings and the engine's own lock hold for every statement.
  const shipped = new PrismaPg({ connectionString: url, max: 1, connectionTimeoutMillis: 10_000 });
  return {
    provider: shipped.provider,
    adapterName: shipped.adapterName,
    connect: async () => mended(await shipped.connect()),
    connectToShadowDb: async () => mended(await shipped.connectToShadowDb()),
  };
}

/**
 * Runs `work` with an engine on one connection of its own to the database at `url`.
 * @param url a PostgreSQL connection string; the role needs CREATEDB where `work` compares migrations (a shadow database)
 */
export async function withSchemaEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const Engine = await (engine ??= loadEngine());
  const connected: SqlDriverAdapter[] = [];
  const factory = adapterFactory(url);
  const tracked: SqlMigrationAwareDriverAdapterFactory = {
    ...factory,
    connect: async () => {
      const adapter = await factory.connect();
      connected.push(adapter as SqlDriverAdapter);
      return adapter;
    },
  };
  const instance = await Engine.new({ datamodels: undefined }, () => undefined, bindMigrationAwareSqlAdapterFactory(tracked));
  try {
    return await work(instance);
  } finally {
    instance.free();
    await Promise.all(connected.map((adapter) => adapter.dispose()));
  }
}

/** What `prisma migrate status` would find. */
export async function migrationHistory(url: string, folder: URL): Promise<DiagnoseMigrationHistoryOutput> {
  const directories = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  const migrationDirectories = await Promise.all(
    directories.map(async (path) => {
      const value = await readFile(new URL(`${path}/migration.sql`, folder), 'utf8');
      return { path, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value } } };
    }),
  );
  const lockfile = { path: 'migration_lock.toml', content: await readFile(new URL('migration_lock.toml', folder), 'utf8') };
  const migrationsList = { baseDir: fileURLToPath(folder), lockfile, shadowDbInitScript: '', migrationDirectories };
  return withSchemaEngine(url, (instance) =>
    instance.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: { externalTables: [], externalEnums: [] } }),
  );
}
