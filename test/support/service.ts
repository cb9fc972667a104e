import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { loadConfig } from '../../src/config/config.js';
import { startService, type RunningService } from '../../src/service.js';
import { cloneTestDatabase } from './database.js';

export interface TestService extends RunningService {
  /** The first admin's */
  readonly key: string;
  /** To its database, past the service */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
}

async function past(connectionString: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** The whole service as `npm start` runs it, on a free port and a database of its own. */
export async function startTestService(environment: Readonly<Record<string, string>> = {}): Promise<TestService> {
  const database = await cloneTestDatabase();
  try {
    const sealingKey = `test:${randomBytes(32).toString('base64')}`;
    const config = loadConfig({ DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent', LIFEBOAT_SEALING_KEYS: sealingKey, ...environment });
    const service = await startService(config);
    return {
      ...service,
      key: service.firstAdminKey ?? '',
      sql: (text, values) => past(database.url, text, values),
      close: async () => {
        await service.close();
        await database.drop();
      },
    };
  } catch (error) {
    await database.drop();
    throw error;
  }
}
