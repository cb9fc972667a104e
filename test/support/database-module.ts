import { Test, type TestingModule } from '@nestjs/testing';
import { Secret } from '../../src/common/secret.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { cloneTestDatabase } from './database.js';

export interface TestDatabaseModule {
  /** PrismaService, Sql, LeaseService … are got from here */
  readonly app: TestingModule;
  readonly url: string;
  /** Closes the connections and removes the database. */
  close(): Promise<void>;
}

/** A cloned database and the module that reaches it, initialised. */
export async function startDatabaseModule(): Promise<TestDatabaseModule> {
  const database = await cloneTestDatabase();
  const app = await Test.createTestingModule({ imports: [DatabaseModule.forRoot({ url: new Secret(database.url), connectTimeoutMs: 30_000 })] }).compile();
  await app.init();
  return {
    app,
    url: database.url,
    close: async () => {
      await app.close();
      await database.drop();
    },
  };
}
