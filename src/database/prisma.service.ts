import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { DatabasePool } from './database-pool.js';
import { PrismaClient } from './generated/client.js';
import { rethrow } from './unavailable.js';

/** The generated client on the shared pool. Where the database does not answer it throws DatabaseUnavailableError. */
@Injectable()
export class PrismaService extends PrismaClient implements OnModuleInit {
  constructor(pool: DatabasePool) {
    super({ adapter: new PrismaPg(pool.main), transactionOptions: { maxWait: 5_000, timeout: 15_000 }, errorFormat: 'minimal' });
    // An extension is another object over this one; it changes what operations throw, not their types.
    return this.$extends({ query: { $allOperations: ({ args, query }) => query(args).catch(rethrow) } }) as unknown as this;
  }

  /** What the extension does not see: errors of BEGIN and COMMIT. */
  override $transaction = ((...args: Parameters<PrismaClient['$transaction']>) =>
    PrismaClient.prototype.$transaction.apply(this, args).catch(rethrow)) as PrismaClient['$transaction'];

  async onModuleInit(): Promise<void> {
    await this.$connect();
  }
}
