import { ManualClock } from '../../common/clock.js';
import { eventually } from '../scenarios/world-testing.js';
import { StoppedError, Timekeeper } from './timekeeper.js';
import { WorkQueue } from './work-queue.js';

describe('work that follows the clock', () => {
  const clock = new ManualClock(new Date('2026-11-24T20:00:00Z'));
  let time: Timekeeper;
  let done: string[];
  let work: (key: string) => Promise<void>;
  const queueOf = (concurrency = 2): WorkQueue => {
    const queue = new WorkQueue((key) => work(key), time, { concurrency, retryBaseMs: 1_000, retryMaxMs: 4_000, onError: (key) => done.push(`${key} failed`) });
    queue.open();
    return queue;
  };
  beforeEach(() => {
    time = new Timekeeper(clock, 1);
    time.start();
    done = [];
    work = async (key) => void done.push(key);
  });
  afterEach(() => time.stop());

  test('a key that is added twice is worked on once; what is added before the opening waits', async () => {
    const queue = new WorkQueue((key) => work(key), time, { concurrency: 1, retryBaseMs: 1, retryMaxMs: 1, onError: () => undefined });
    for (const key of ['a', 'b', 'a']) queue.add(key);
    expect(queue.isIdle).toBe(false);
    expect(done).toEqual([]);
    queue.open();
    await eventually('both', () => done.length === 2);
    expect(done).toEqual(['a', 'b']);
  });

  test('the next due moment is that of the earliest sleeper or key; a look at the clock wakes who is due', async () => {
    time = new Timekeeper(clock, 600_000); // it looks when it is told to
    expect(time.nextDueMs).toBeNull();
    const queue = queueOf();
    const nowMs = clock.now().getTime();
    queue.addAfter('later', 90_000);
    queue.addAfter('a', 60_000);
    queue.addAfter('a', 30_000);
    const slept = time.sleep(45_000);
    expect(time.nextDueMs).toBe(nowMs + 30_000);
    clock.advance(30_000);
    expect(done).toEqual([]);
    time.look();
    expect(done).toEqual(['a']);
    expect(time.nextDueMs).toBe(nowMs + 45_000);
    clock.advance(15_000);
    time.look();
    await slept;
    expect(time.nextDueMs).toBe(nowMs + 90_000);
    await queue.stop();
    expect(time.nextDueMs).toBeNull();
  });

  test('a key is worked on by one worker at a time, and again if it was added meanwhile', async () => {
    const gates: (() => void)[] = [];
    work = (key) => new Promise((resolve) => { done.push(key); gates.push(resolve); });
    const queue = queueOf();
    queue.add('a');
    queue.add('a');
    queue.add('a');
    expect(done).toEqual(['a']);
    gates[0]?.();
    await eventually('once more', () => done.length === 2);
    gates[1]?.();
    await eventually('idle', () => queue.isIdle);
    expect(done).toEqual(['a', 'a']);
  });

  test('no more at once than there are workers', async () => {
    let running = 0;
    let most = 0;
    work = async () => { most = Math.max(most, ++running); await new Promise(setImmediate); running--; };
    const queue = queueOf(3);
    for (let i = 0; i < 20; i++) queue.add(String(i));
    await eventually('idle', () => queue.isIdle);
    expect(most).toBe(3);
  });

  test('keys become ready in the order of their moments, when the clock is there', async () => {
    const queue = queueOf(1);
    const moments = [50, 10, 40, 20, 30, 15].map((seconds) => [String(seconds), seconds] as const);
    for (const [key, seconds] of moments) queue.addAfter(key, seconds * 1_000);
    queue.addAfter('50', 5_000); // the earliest counts
    queue.addAfter('10', 60_000);
    clock.advance(20_000);
    await eventually('four', () => done.length === 4);
    expect(done).toEqual(['50', '10', '15', '20']);
    clock.advance(60_000);
    await eventually('all', () => done.length === 6);
    expect(done).toEqual(['50', '10', '15', '20', '30', '40']);
  });

  test('a failure comes again after a backoff that doubles up to its limit, and starts anew after a success', async () => {
    let fails = 4;
    work = async (key) => { if (fails-- > 0) throw new Error('no'); done.push(key); };
    const queue = queueOf();
    queue.add('a');
    for (const [failures, wait] of [[1, 1_000], [2, 2_000], [3, 4_000], [4, 4_000]] as const) {
      await eventually(`failure ${failures}`, () => done.length === failures);
      clock.advance(wait - 1);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(done).toHaveLength(failures);
      clock.advance(1);
    }
    await eventually('done', () => done.at(-1) === 'a');
  });

  test('stopping wakes who sleeps, waits for who works, and takes nothing more', async () => {
    work = async (key) => { await time.sleep(1_000_000); done.push(key); };
    const queue = queueOf();
    queue.add('a');
    time.stop();
    await queue.stop();
    queue.add('b');
    expect(done).toEqual([]);
    await expect(time.sleep(1)).rejects.toBeInstanceOf(StoppedError);
  });
});
