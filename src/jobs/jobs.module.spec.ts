import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import { cloneTestDatabase, connectTo } from '../../test/support/database.js';
import { until } from '../../test/support/until.js';
import { Secret } from '../common/secret.js';
import { DatabaseModule } from '../database/database.module.js';
import { PrismaService } from '../database/prisma.service.js';
import { defineJob } from './job.js';
import { Jobs } from './jobs.js';
import { JobsModule } from './jobs.module.js';

const countHubs = defineJob({ queue: 'count-hubs', data: z.object({ id: z.string() }), sameWorkIf: ({ id }) => id });

@Injectable()
class CountHubsProcessor implements OnModuleInit {
  readonly seen: number[] = [];
  swept = 0;

  constructor(
    private readonly jobs: Jobs,
    private readonly prisma: PrismaService,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(countHubs, async () => {
      this.seen.push(await this.prisma.hub.count());
    });
    this.jobs.sweepEvery('count-hubs', 50, async () => {
      this.swept += 1;
    });
  }
}

@Module({ providers: [CountHubsProcessor] })
class CountingModule {}

test.each([
  { because: 'a worker does the work', work: true },
  { because: 'an API adds jobs only', work: false },
])('the modules together: $because', async ({ work }) => {
  const database = await cloneTestDatabase();
  const databaseUrl = new Secret(database.url);
  const app = await Test.createTestingModule({
    imports: [DatabaseModule.forRoot({ url: databaseUrl }), JobsModule.forRoot({ databaseUrl, work, leaseMs: 900 }), CountingModule],
  }).compile();
  await app.init();
  const [jobs, processor] = [app.get(Jobs), app.get(CountHubsProcessor)];
  await jobs.enqueue(countHubs, { id: '1' });
  if (work) await until('it ran, and sweeps', () => processor.seen.length > 0 && processor.swept > 0);
  else expect(await jobs.counts()).toEqual({ 'count-hubs': { waiting: 1, active: 0, delayed: 0, failed: 0 } });
  await app.close();
  expect({ ran: processor.seen.length, swept: processor.swept > 0 }).toEqual(work ? { ran: 1, swept: true } : { ran: 0, swept: false });
  const client = await connectTo(database.url);
  const { rows } = await client.query('SELECT application_name FROM pg_stat_activity WHERE datname = current_database()');
  await client.end();
  await database.drop();
  expect(rows).toEqual([{ application_name: 'test' }]); // no connection of ours is left
});
