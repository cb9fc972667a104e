import type pg from 'pg';
import { z } from 'zod';
import { cloneTestDatabase, connectTo, type TestDatabase } from '../../test/support/database.js';
import { emptyQueue } from '../../test/support/empty-queue.js';
import { TcpProxy } from '../../test/support/tcp-proxy.js';
import { until } from '../../test/support/until.js';
import { DomainError } from '../common/domain-error.js';
import { Secret } from '../common/secret.js';
import { DatabasePool } from '../database/database-pool.js';
import { LeaseService } from '../database/lease.service.js';
import { defineJob } from './job.js';
import { Jobs } from './jobs.js';
import { PostgresQueues } from './queue-backend.js';

const HOUR_MS = 3_600_000;

let database: TestDatabase;
let client: pg.Client;
let processes: { jobs: Jobs; close: () => Promise<void> }[] = [];
let kinds = 0;

beforeAll(async () => {
  database = await cloneTestDatabase();
  client = await connectTo(database.url);
});

afterEach(async () => {
  await Promise.all(processes.map(({ close }) => close()));
  processes = [];
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const newKind = () =>
  defineJob({
    queue: `reconcile-${(kinds += 1)}`,
    data: z.object({ hubId: z.string(), cluster: z.string(), note: z.string().optional() }),
    sameWorkIf: ({ hubId, cluster }) => `${hubId}/${cluster}`,
  });

/** What one process of the service has; `setUp` stands for the features' onModuleInit. */
async function startProcess({ work = true, url = database.url }: { work?: boolean; url?: string }, setUp: (jobs: Jobs) => void = () => undefined): Promise<Jobs> {
  const pool = new DatabasePool({ url: new Secret(database.url) });
  const leases = new LeaseService(pool);
  const jobs = new Jobs({ backend: new PostgresQueues(new Secret(url)), work, leaseMs: 900 }, leases);
  let closing: Promise<void> | undefined;
  const close = async () => {
    await jobs.beforeApplicationShutdown();
    await jobs.onApplicationShutdown();
    await leases.releaseAll();
    await pool.close();
  };
  await jobs.onModuleInit();
  setUp(jobs);
  await jobs.onApplicationBootstrap();
  processes.push({ jobs, close: () => (closing ??= close()) });
  return jobs;
}

const stop = (jobs: Jobs) => processes.find((process) => process.jobs === jobs)?.close();

function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const one = { hubId: 'h', cluster: 'c' };

async function rows(queue: string): Promise<{ state: string; data: unknown; failed_reason: string | null; stacktrace: string[] | null; delay_ms: string }[]> {
  return (await client.query('SELECT state, data, failed_reason, stacktrace, delay_ms FROM bullmq.job WHERE queue = $1', [queue])).rows;
}

describe('waking', () => {
  test('a job added by a process that does not work runs in one that does', async () => {
    const kind = newKind();
    const seen: unknown[] = [];
    const api = await startProcess({ work: false }, (jobs) => jobs.handle(kind, async () => void seen.push('api')));
    await api.enqueue(kind, one);
    await startProcess({}, (jobs) => jobs.handle(kind, async (data) => void seen.push(data)));
    await until('it ran', () => seen.length > 0);
    expect(seen).toEqual([one]);
    await until('nothing of it is kept', async () => (await rows(kind.queue)).length === 0);
  });

  test('work that waits is not added twice', async () => {
    const kind = newKind();
    const jobs = await startProcess({ work: false });
    await Promise.all([...Array(20)].map(() => jobs.enqueue(kind, one)));
    await jobs.enqueueMany(kind, [one, { ...one, cluster: 'd' }, one]);
    expect(await rows(kind.queue)).toHaveLength(2);
  });

  test('wake-ups while it runs make it run once more, with the latest data', async () => {
    const kind = newKind();
    const [first, seen] = [gate(), [] as (string | undefined)[]];
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async ({ note }) => {
        seen.push(note);
        if (note === 'first') await first.opened;
      }, { concurrency: 5 }),
    );
    await jobs.enqueue(kind, { ...one, note: 'first' });
    await until('it runs', () => seen.length === 1);
    await jobs.enqueue(kind, { ...one, note: 'second' });
    await jobs.enqueueMany(kind, [{ ...one, note: 'third' }]);
    await jobs.enqueue(kind, { ...one, note: 'much later' }, { delayMs: HOUR_MS });
    expect(seen).toEqual(['first']); // and not at the same time
    first.open();
    await until('it ran again', () => seen.length === 2);
    await until('all else is done', async () => (await rows(kind.queue)).length === 1);
    expect(seen).toEqual(['first', 'third']);
  });

  test('a batch of thousands is taken', async () => {
    const kind = newKind();
    const jobs = await startProcess({ work: false });
    await jobs.enqueueMany(kind, [...Array(3_000).keys()].map((n) => ({ hubId: 'h', cluster: String(n) })));
    expect((await jobs.counts())[kind.queue]).toMatchObject({ waiting: 3_000 });
  });

  test('data that are more than ids are refused', async () => {
    const jobs = await startProcess({ work: false });
    await expect(jobs.enqueue(newKind(), { ...one, note: 'x'.repeat(2_000) })).rejects.toMatchObject({ code: 'JOB_MISTAKE' });
  });

  test('two handlers for one kind are refused', async () => {
    const kind = newKind();
    const jobs = await startProcess({ work: false }, (all) => all.handle(kind, async () => undefined));
    expect(() => jobs.handle(kind, async () => undefined)).toThrow(expect.objectContaining({ code: 'JOB_MISTAKE' }));
  });
});

describe('putting off', () => {
  const dueIn = async (queue: string) => (await rows(queue)).map(({ state, delay_ms }) => ({ state, delayMs: Number(delay_ms) }));

  test('runs not before its time', async () => {
    const kind = newKind();
    let ranAt = 0;
    const jobs = await startProcess({}, (all) => all.handle(kind, async () => void (ranAt = performance.now())));
    const addedAt = performance.now();
    await jobs.enqueue(kind, one, { delayMs: 300 });
    await until('it ran', () => ranAt > 0);
    expect(ranAt - addedAt).toBeGreaterThan(290);
  });

  test('the earliest counts, and a wake-up does not wait for it', async () => {
    const kind = newKind();
    const jobs = await startProcess({ work: false });
    await jobs.enqueue(kind, one, { delayMs: 2 * HOUR_MS });
    await jobs.enqueue(kind, one, { delayMs: HOUR_MS });
    await jobs.enqueue(kind, one, { delayMs: 3 * HOUR_MS });
    const alarm = { state: 'delayed', delayMs: HOUR_MS };
    expect(await dueIn(kind.queue)).toEqual([alarm]);
    await jobs.enqueue(kind, one);
    expect(await dueIn(kind.queue)).toEqual(expect.arrayContaining([alarm, { state: 'waiting', delayMs: 0 }]));
  });

  test('is not lost when the work runs meanwhile', async () => {
    const kind = newKind();
    const [first, seen] = [gate(), [] as (string | undefined)[]];
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async ({ note }) => {
        seen.push(note);
        if (note === 'first') await first.opened;
      }, { concurrency: 2 }),
    );
    await jobs.enqueue(kind, { ...one, note: 'first' });
    await until('it runs', () => seen.length === 1);
    await jobs.enqueue(kind, { ...one, note: 'soon' }, { delayMs: 1 });
    await until('its time has come', async () => (await client.query('SELECT 1 FROM bullmq.dedup_next WHERE queue = $1', [kind.queue])).rowCount === 1);
    expect(seen).toEqual(['first']);
    first.open();
    await until('it ran again', () => seen.length === 2);
    expect(seen).toEqual(['first', 'soon']);
  });

  test('a handler says when it wants to run again; a wake-up meanwhile comes first', async () => {
    const kind = newKind();
    const [first, seen] = [gate(), [] as (string | undefined)[]];
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async ({ note }) => {
        seen.push(note);
        if (note === 'first') await first.opened;
        return { againInMs: HOUR_MS };
      }),
    );
    await jobs.enqueue(kind, { ...one, note: 'first' });
    await until('it runs', () => seen.length === 1);
    await jobs.enqueue(kind, { ...one, note: 'woken' });
    first.open();
    await until('it ran again', () => seen.length === 2);
    await until('it is put off', async () => (await dueIn(kind.queue))[0]?.state === 'delayed');
    expect(await dueIn(kind.queue)).toEqual([{ state: 'delayed', delayMs: HOUR_MS }]);
  });
});

class SealedError extends DomainError {
  readonly code = 'SEALED';
  readonly kind = 'internal';
  readonly title = 'Sealed';
}

describe('failing', () => {
  test('is tried three times, and the queue stores no more than our code and message', async () => {
    const kind = newKind();
    let tries = 0;
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async () => {
        tries += 1;
        throw new SealedError('Hub x is sealed', {}, { cause: new Error('canary-token') });
      }),
    );
    await jobs.enqueue(kind, one);
    await until('it was given up', async () => (await rows(kind.queue))[0]?.state === 'failed');
    expect(tries).toBe(3);
    expect(await rows(kind.queue)).toMatchObject([{ failed_reason: 'SEALED: Hub x is sealed', stacktrace: ['SealedError: SEALED: Hub x is sealed'] }]);
    await jobs.enqueue(kind, one); // what was given up can be woken again
    await until('it is tried again', () => tries > 3);
  });

  test('of other errors the class alone is stored', async () => {
    const kind = newKind();
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, () => {
        throw new TypeError('canary-token');
      }),
    );
    await jobs.enqueue(kind, one);
    await until('it failed once', async () => (await rows(kind.queue))[0]?.stacktrace?.length === 1);
    const stored = JSON.stringify((await client.query('SELECT * FROM bullmq.job j, bullmq.event e WHERE j.queue = $1 AND e.queue = $1', [kind.queue])).rows);
    expect(stored).toContain('INTERNAL: TypeError');
    expect(stored).not.toContain('canary');
  });

  test('a wake-up does not wait for the next try', async () => {
    const kind = newKind();
    const seen: (string | undefined)[] = [];
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async ({ note }) => {
        seen.push(note);
        if (note === 'bad') throw new SealedError('no');
      }),
    );
    await jobs.enqueue(kind, { ...one, note: 'bad' });
    await until('it waits for its next try', async () => (await rows(kind.queue))[0]?.state === 'delayed');
    await jobs.enqueue(kind, { ...one, note: 'good' });
    await until('it ran', () => seen.includes('good'));
    expect(seen).toEqual(['bad', 'good']);
  });

  test('data of another version are not tried again', async () => {
    const kind = newKind();
    const jobs = await startProcess({}, (all) => all.handle(kind, async () => undefined));
    await jobs.enqueue({ ...kind, data: z.object({ id: z.number() }), sameWorkIf: () => 'x' }, { id: 1 });
    await until('it was given up', async () => (await rows(kind.queue))[0]?.state === 'failed');
  });
});

describe('several processes', () => {
  test('share the work: each job runs once', async () => {
    const kind = newKind();
    const ran: { by: string; cluster: string }[] = [];
    const handler = (by: string) => (jobs: Jobs) => jobs.handle(kind, async ({ cluster }) => void ran.push({ by, cluster }), { concurrency: 4 });
    const first = await startProcess({}, handler('first'));
    await startProcess({}, handler('second'));
    await first.enqueueMany(kind, [...Array(200).keys()].map((n) => ({ hubId: 'h', cluster: String(n) })));
    await until('all ran', () => ran.length >= 200);
    expect(new Set(ran.map(({ cluster }) => cluster)).size).toBe(200);
    expect(ran).toHaveLength(200);
    expect(new Set(ran.map(({ by }) => by)).size).toBe(2);
  });

  test('what a stopping process leaves is done by another', async () => {
    const kind = newKind();
    let [begun, told] = [false, false];
    const stopping = await startProcess({}, (jobs) =>
      jobs.handle(kind, (_data, signal) => new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => ((told = true), reject(new SealedError('stopped'))));
        begun = true;
      })),
    );
    await stopping.enqueue(kind, one);
    await until('it runs', () => begun);
    expect((await rows(kind.queue))[0]?.state).toBe('active');
    await stop(stopping);
    expect(told).toBe(true);
    let done = false;
    await startProcess({}, (jobs) => jobs.handle(kind, async () => void (done = true)));
    await until('another did it', () => done);
  });
});

test('what a process that died was doing is done by another, without a sweep', async () => {
  const kind = newKind();
  const proxy = await TcpProxy.before(database.url);
  const never = gate();
  const dead = await startProcess({ url: proxy.through(database.url) }, (jobs) => jobs.handle(kind, () => never.opened));
  await dead.enqueue(kind, one);
  await until('it runs', async () => (await rows(kind.queue))[0]?.state === 'active');
  proxy.blackhole(true); // as far as the queue can see
  let done = false;
  await startProcess({}, (jobs) => jobs.handle(kind, async () => void (done = true)));
  await until('another did it', () => done, 180_000);
  proxy.blackhole(false);
  proxy.cut();
  never.open();
  await stop(dead);
  await proxy.close();
});

test('a worker that cannot listen looks for jobs by itself, and listens when it can', async () => {
  const kind = newKind();
  const proxy = await TcpProxy.before(database.url);
  proxy.deafen('LISTEN bullmq_jobs');
  const seen: string[] = [];
  const jobs = await startProcess({ url: proxy.through(database.url) }, (all) => all.handle(kind, async ({ cluster }) => void seen.push(cluster)));
  await until('it has noticed', () => jobs.timesDeaf > 0);
  await jobs.enqueue(kind, { ...one, cluster: 'deaf' });
  await until('it ran', () => seen.includes('deaf'));
  proxy.deafen(null);
  await until('it listens', async () => (await client.query(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND query LIKE '%LISTEN%'`, [kind.queue])).rowCount === 1);
  await stop(jobs);
  await proxy.close();
});

test('a process ends though its database is silent and a run does not', async () => {
  const kind = newKind();
  const proxy = await TcpProxy.before(database.url);
  const never = gate();
  let runs = false;
  const jobs = await startProcess({ url: proxy.through(database.url) }, (all) =>
    all.handle(kind, () => {
      runs = true;
      return never.opened;
    }),
  );
  await jobs.enqueue(kind, one);
  await until('it runs', () => runs);
  proxy.blackhole(true);
  await stop(jobs); // within the test's time
  never.open();
  await proxy.close();
});

describe('losing the queue', () => {
  test('workers go on after every table was emptied, in the middle of a run too', async () => {
    const kind = newKind();
    const [first, seen] = [gate(), [] as string[]];
    const jobs = await startProcess({}, (all) =>
      all.handle(kind, async ({ cluster }) => {
        seen.push(cluster);
        if (cluster === 'running') await first.opened;
      }),
    );
    await jobs.enqueueMany(kind, [{ ...one, cluster: 'running' }, { ...one, cluster: 'lost' }]);
    await until('one runs', () => seen.length === 1);
    await emptyQueue(async <Row extends object>(text: string) => (await client.query<Row>(text)).rows);
    await jobs.enqueue(kind, { ...one, cluster: 'running' });
    first.open();
    await until('the same work ran again', () => seen.length === 2);
    await jobs.enqueue(kind, { ...one, cluster: 'new' });
    await until('new work ran', () => seen.includes('new'));
    expect(seen).toEqual(['running', 'running', 'new']);
  });

  test('a process starts on emptied tables', async () => {
    const kind = newKind();
    await startProcess({ work: false });
    await emptyQueue(async <Row extends object>(text: string) => (await client.query<Row>(text)).rows);
    let ran = false;
    const jobs = await startProcess({}, (all) => all.handle(kind, async () => void (ran = true)));
    await jobs.enqueue(kind, one);
    await until('it ran', () => ran);
  });

  test('adding a job does not fail for lack of a database; afterwards all works again', async () => {
    const kind = newKind();
    const proxy = await TcpProxy.before(database.url);
    const seen: string[] = [];
    const jobs = await startProcess({ url: proxy.through(database.url) }, (all) => all.handle(kind, async ({ cluster }) => void seen.push(cluster)));
    proxy.cut();
    await jobs.enqueue(kind, { ...one, cluster: 'while cut' });
    await until('it works again', async () => {
      await jobs.enqueue(kind, { ...one, cluster: 'after' });
      return seen.includes('after');
    });
    await stop(jobs);
    await proxy.close();
  });
});

describe('sweeping', () => {
  test('one process of several sweeps, one run at a time; another goes on when it stops', async () => {
    const name = 'unfinished';
    const runs: string[] = [];
    let [atOnce, most] = [0, 0];
    const sweep = (by: string) => (jobs: Jobs) =>
      jobs.sweepEvery(name, 20, async () => {
        most = Math.max(most, (atOnce += 1));
        runs.push(by);
        await new Promise((resolve) => setTimeout(resolve, 40)); // longer than the interval
        atOnce -= 1;
      });
    const first = await startProcess({}, sweep('first'));
    await until('the first sweeps', () => runs.length > 2);
    await startProcess({}, sweep('second'));
    await startProcess({ work: false }, sweep('api'));
    await until('it goes on', () => runs.length > 6);
    expect(new Set(runs)).toEqual(new Set(['first']));
    await stop(first);
    const before = runs.length;
    await until('the second took over', () => runs.length > before + 2);
    expect(new Set(runs.slice(before))).toEqual(new Set(['second']));
    expect(most).toBe(1);
  });

  test('a run that fails is followed by the next', async () => {
    let runs = 0;
    await startProcess({}, (jobs) =>
      jobs.sweepEvery('failing', 10, async () => {
        runs += 1;
        throw new Error('no');
      }),
    );
    await until('it ran again', () => runs > 2);
  });

  test('two sweeps of one name are refused', async () => {
    const jobs = await startProcess({ work: false }, (all) => all.sweepEvery('same', 10, async () => undefined));
    expect(() => jobs.sweepEvery('same', 10, async () => undefined)).toThrow(expect.objectContaining({ code: 'JOB_MISTAKE' }));
  });
});
