import { setTimeout as sleep } from 'node:timers/promises';
import { CallGate, WEIGHT_OF_LIST } from './call-gate.js';
import { Deadline } from './deadline.js';
import { KubeError } from './kube-error.js';

const deadlines: Deadline[] = [];
function within(ms: number, signal?: AbortSignal): Deadline {
  const deadline = new Deadline(ms, signal);
  deadlines.push(deadline);
  return deadline;
}

/** A call that ends when it is told to. */
class Call {
  readonly done: Promise<string>;
  isSent = false;
  private end: ((answer: string) => void) | undefined;
  private fail: ((error: Error) => void) | undefined;

  constructor(gate: CallGate, readonly name: string, { weight = 1, deadline = within(30_000) }: { weight?: number; deadline?: Deadline } = {}) {
    this.done = gate.run(name, weight, deadline, () => {
      this.isSent = true;
      return new Promise<string>((resolve, reject) => ([this.end, this.fail] = [resolve, reject]));
    });
    this.done.catch(() => undefined);
  }

  async answer(): Promise<void> {
    this.end?.(this.name);
    await this.done;
  }

  async refuse(error: KubeError): Promise<void> {
    this.fail?.(error);
    await this.done.catch(() => undefined);
  }
}

const turns = (): Promise<void> => sleep(0);
const sent = (calls: readonly Call[]): string => calls.filter(({ isSent }) => isSent).map(({ name }) => name).join(' ');
const calls = (gate: CallGate, count: number): Call[] => Array.from({ length: count }, (_, index) => new Call(gate, String(index)));
const throttled = (ms: number | null): KubeError => new KubeError('HUB_BUSY_THROTTLED', 'HTTP 429', { status: 429 }, ms);
const errorOf = (call: Call): Promise<KubeError> => call.done.then(() => { throw new Error('answered'); }, (error: unknown) => error as KubeError);

let gate: CallGate;
beforeEach(() => (gate = new CallGate(true)));
afterEach(() => {
  gate.close();
  for (const deadline of deadlines.splice(0)) deadline.dispose();
});

test('so many at once, the rest in order', async () => {
  const all = calls(gate, 12);
  await turns();
  expect(sent(all)).toBe('0 1 2 3 4 5 6 7');
  expect(gate.load).toEqual({ limit: 8, running: 8, waiting: 4, throttled: 0 });
  await all[3]!.refuse(new KubeError('KUBE_NOT_FOUND', '404'));
  await turns();
  expect(sent(all)).toBe('0 1 2 3 4 5 6 7 8');
  await all[0]!.answer(); // full and fast: one more is allowed besides
  await turns();
  expect(sent(all)).toBe('0 1 2 3 4 5 6 7 8 9 10');
});

test('a list takes two places, and nobody passes one that waits', async () => {
  const all = [...calls(gate, 7), new Call(gate, 'list', { weight: WEIGHT_OF_LIST }), new Call(gate, 'last')];
  await turns();
  expect(sent(all)).toBe('0 1 2 3 4 5 6');
  await all[0]!.refuse(new KubeError('KUBE_NOT_FOUND', '404'));
  await turns();
  expect(sent(all)).toBe('0 1 2 3 4 5 6 list');
});

test('who waits gives up when its deadline ends, and is not sent', async () => {
  const all = [...calls(gate, 8), new Call(gate, 'short', { deadline: within(5) }), new Call(gate, 'long')];
  const error = await errorOf(all[8]!);
  expect(error).toMatchObject({ code: 'HUB_TIMEOUT' });
  expect([all[8]!.isSent, gate.load.waiting]).toEqual([false, 1]);
});

test('who is called off while it waits leaves the queue', async () => {
  const abort = new AbortController();
  const all = [...calls(gate, 8), new Call(gate, 'off', { deadline: within(30_000, abort.signal) })];
  abort.abort();
  expect(await errorOf(all[8]!)).toMatchObject({ code: 'HUB_TIMEOUT', details: { calledOff: true } });
  expect(await errorOf(new Call(gate, 'late', { deadline: within(30_000, abort.signal) }))).toMatchObject({ code: 'HUB_TIMEOUT' });
  expect(gate.load.waiting).toBe(0);
});

test('the queue is bounded', async () => {
  const all = calls(gate, 1_009);
  expect(await errorOf(all[1_008]!)).toMatchObject({ code: 'HUB_BUSY_THROTTLED', details: { waiting: 1_000 } });
  expect(gate.load.waiting).toBe(1_000);
});

test('a refusal with a long Retry-After is told, and everybody keeps the pause: who cannot wait so long is told at once', async () => {
  const [first] = calls(gate, 1);
  await turns();
  await first!.refuse(throttled(20_000));
  expect(await errorOf(first!)).toMatchObject({ code: 'HUB_BUSY_THROTTLED', retryAfterMs: 20_000 });
  const second = new Call(gate, 'second', { deadline: within(10_000) });
  const error = await errorOf(second);
  expect([error.code, second.isSent]).toEqual(['HUB_BUSY_THROTTLED', false]);
  expect(error.retryAfterMs).toBeGreaterThan(15_000);
  const third = new Call(gate, 'third');
  await turns();
  expect([third.isSent, gate.load.waiting, gate.load.throttled]).toEqual([false, 1, 1]);
  await expect(gate.pauseOver('watch', within(100))).rejects.toMatchObject({ code: 'HUB_BUSY_THROTTLED' });
});

test('no hub silences itself for longer than a minute with one answer', async () => {
  const [first] = calls(gate, 1);
  await turns();
  await first!.refuse(throttled(3_600_000));
  const error = await errorOf(new Call(gate, 'second'));
  expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
});

test('a refusal with a short Retry-After is waited for, ahead of those that came later, and sent again', async () => {
  let tries = 0;
  const order: string[] = [];
  const run = (name: string, send: () => Promise<string>): Promise<string> => gate.run(name, 1, within(30_000), send);
  const first = run('first', () => (++tries === 1 ? Promise.reject(throttled(20)) : Promise.resolve(`${order.push('first')}`)));
  await turns();
  const second = run('second', () => Promise.resolve(`${order.push('second')}`));
  await Promise.all([first, second]);
  expect([tries, order, gate.load.throttled]).toEqual([2, ['first', 'second'], 1]);
});

test('a 429 that asks for no pause is told at once', async () => {
  const [first] = calls(gate, 1);
  await turns();
  await first!.refuse(throttled(null));
  expect(await errorOf(first!)).toMatchObject({ code: 'HUB_BUSY_THROTTLED', retryAfterMs: null });
});

test('when it closes, nobody waits', async () => {
  const all = calls(gate, 9);
  await turns();
  gate.close();
  expect(await errorOf(all[8]!)).toMatchObject({ code: 'HUB_UNREACHABLE' });
});

test('an unlimited one lets everything through', async () => {
  const free = new CallGate(false);
  const all = calls(free, 100);
  await turns();
  expect(all.every(({ isSent }) => isSent)).toBe(true);
});
