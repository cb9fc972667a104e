import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseHealth } from './database-health.js';
import { type DatabaseOptions, DatabasePool } from './database-pool.js';
import { LeaseService } from './lease.service.js';
import { PrismaService } from './prisma.service.js';
import { Sql } from './sql.js';

/**
 * Everything that reaches the database. Closes in `onApplicationShutdown`, the last of Nest's hooks: features stop their work in an
 * earlier one (`onModuleDestroy`, `beforeApplicationShutdown`) and may still write there.
 */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly pool: DatabasePool,
    private readonly prisma: PrismaService,
    private readonly leases: LeaseService,
  ) {}

  static forRoot(options: DatabaseOptions): DynamicModule {
    const exported = [PrismaService, Sql, LeaseService, DatabaseHealth];
    return {
      module: DatabaseModule,
      providers: [{ provide: DatabasePool, useFactory: () => new DatabasePool(options) }, ...exported],
      exports: exported,
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.leases.releaseAll();
    await this.prisma.$disconnect();
    await this.pool.close();
  }
}
