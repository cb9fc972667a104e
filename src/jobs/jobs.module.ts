import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Secret } from '../common/secret.js';
import { LeaseService } from '../database/lease.service.js';
import { Jobs } from './jobs.js';
import { PostgresQueues, RedisQueues } from './queue-backend.js';

export interface JobsOptions {
  readonly databaseUrl: Secret;
  /** Absent: the queues live in PostgreSQL, in the schema `bullmq` */
  readonly redisUrl?: Secret;
  /** Whether this process runs jobs and sweeps */
  readonly work: boolean;
  /** Life of a sweep's lease without renewal, milliseconds */
  readonly leaseMs: number;
}

@Global()
@Module({})
export class JobsModule {
  static forRoot({ databaseUrl, redisUrl, work, leaseMs }: JobsOptions): DynamicModule {
    const useFactory = (leases: LeaseService) =>
      new Jobs({ backend: redisUrl === undefined ? new PostgresQueues(databaseUrl) : new RedisQueues(redisUrl), work, leaseMs }, leases);
    return { module: JobsModule, providers: [{ provide: Jobs, useFactory, inject: [LeaseService] }], exports: [Jobs] };
  }
}
