import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils';
import { DatabasePool } from './database-pool.js';
import { PrismaClient } from './generated/client.js';
import { rethrow } from './unavailable.js';

/** The generated client on the shared pool. Where the database does not answer it throws DatabaseUnavailableError. */
@Injectable()
export class PrismaService extends PrismaClient implements OnModuleInit {
  constructor(pool: DatabasePool) {
    super({ adapter: unavailableAware(new PrismaPg(pool.main)), transactionOptions: { maxWait: 5_000, timeout: 15_000 } });
  }

  async onModuleInit(): Promise<void> {
    await this.$connect();
  }
}

/** Below Prisma, so that its own wrapping, which differs by operation, need not be understood. */
function unavailableAware(shipped: PrismaPg): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: shipped.provider,
    adapterName: shipped.adapterName,
    connect: async () => guardedAdapter(await shipped.connect()),
    connectToShadowDb: () => shipped.connectToShadowDb(),
  };
}

function guardedAdapter(adapter: SqlDriverAdapter): SqlDriverAdapter {
  guardQueries(adapter);
  const start = adapter.startTransaction.bind(adapter);
  adapter.startTransaction = async (isolation) => {
    const transaction: Transaction = await start(isolation).catch(rethrow);
    guardQueries(transaction);
    return transaction;
  };
  return adapter;
}

function guardQueries(queryable: SqlQueryable): void {
  const [queryRaw, executeRaw] = [queryable.queryRaw.bind(queryable), queryable.executeRaw.bind(queryable)];
  queryable.queryRaw = (query) => queryRaw(query).catch(rethrow);
  queryable.executeRaw = (query) => executeRaw(query).catch(rethrow);
}
