import { EventEmitter } from 'node:events';
import { text } from 'node:stream/consumers';
import type { FastifyReply } from 'fastify';
import { Authenticator, setCaller, type Caller, type CallingRequest } from './caller.js';
import { EventStreams, resumeAfter, StreamTimings, wantsEventStream, type StreamedEvent } from './event-streams.js';

class Keys extends Authenticator {
  good = true;
  asked = 0;
  async authenticate(): Promise<Caller> {
    this.asked += 1;
    if (!this.good) throw new Error('revoked');
    return caller;
  }
}
const caller: Caller = { id: 'k', name: 'k', roles: [], permissions: new Set(), expiresAt: null };

function request(): CallingRequest {
  const made: CallingRequest = { headers: {} };
  setCaller(made, caller);
  return made;
}

/** As far as a stream touches it. */
function reply(): { reply: FastifyReply; raw: EventEmitter & { destroyed: boolean } } {
  const raw = Object.assign(new EventEmitter(), { destroyed: false, destroy() { this.destroyed = true; } });
  const made = { raw, header: () => made };
  return { reply: made as unknown as FastifyReply, raw };
}

/** Says nothing until it is told to end. */
async function* silence(signal: AbortSignal): AsyncGenerator<StreamedEvent> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

test('a silent stream has a beat, and ends with the key that opened it', async () => {
  const keys = new Keys();
  const streams = new EventStreams(keys, new StreamTimings(5));
  const answered = text(streams.serverSent(request(), reply().reply, silence));
  while (keys.asked < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  keys.good = false;
  const lines = (await answered).split('\n\n');
  expect(lines[0]).toBe('retry: 3000');
  expect(lines.filter((line) => line === ': still here').length).toBeGreaterThanOrEqual(2);
  expect(lines.join()).not.toContain('event: end');
});

test('a subscription ends with the key that opened it', async () => {
  const keys = new Keys();
  const streams = new EventStreams(keys, new StreamTimings(5));
  const next = streams.subscribed(request(), silence).next();
  while (keys.asked < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  keys.good = false;
  expect(await next).toEqual({ done: true, value: undefined });
});

test('a source that fails ends the stream, and is heard to have failed', async () => {
  const streams = new EventStreams(new Keys());
  async function* failing(): AsyncGenerator<StreamedEvent> {
    yield { sequence: 1, type: 'a', data: {} };
    throw new Error('the database is away');
  }
  await expect(text(streams.serverSent(request(), reply().reply, failing))).rejects.toThrow('the database is away');
});

test('a reader that goes sets its source free', async () => {
  const streams = new EventStreams(new Keys());
  const { reply: answer, raw } = reply();
  let ended = false;
  const stream = streams.serverSent(request(), answer, async function* (signal) {
    yield { sequence: 1, type: 'a', data: {} };
    yield* silence(signal);
    ended = true;
  });
  stream.resume();
  await new Promise((resolve) => setImmediate(resolve));
  raw.emit('close');
  while (!ended) await new Promise((resolve) => setTimeout(resolve, 1));
});

test('a reader that does not read lets its source rest', async () => {
  const streams = new EventStreams(new Keys());
  let asked = 0;
  const stream = streams.serverSent(request(), reply().reply, async function* () {
    for (;;) yield { sequence: (asked += 1), type: 'a', data: { text: 'x'.repeat(1000) } };
  });
  stream.once('readable', () => undefined);
  while (asked < 10) await new Promise((resolve) => setImmediate(resolve));
  for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBeLessThan(25); // 16 KiB of them
  stream.destroy();
});

test('after the stop nothing stays open', async () => {
  const streams = new EventStreams(new Keys());
  streams.onModuleDestroy();
  expect(await text(streams.serverSent(request(), reply().reply, silence))).toBe('retry: 3000\n\n');
});

test('an event cannot write lines of its own', async () => {
  const streams = new EventStreams(new Keys());
  async function* one(): AsyncGenerator<StreamedEvent> {
    yield { sequence: 1, type: 'a\ndata: forged', data: { text: 'b\n\nevent: end' } };
  }
  expect(await text(streams.serverSent(request(), reply().reply, one))).toBe('retry: 3000\n\nid: 1\nevent: a data: forged\ndata: {"text":"b\\n\\nevent: end"}\n\nevent: end\ndata: {}\n\n');
});

test.each([
  { accept: undefined, wants: false },
  { accept: '*/*', wants: false },
  { accept: 'application/json', wants: false },
  { accept: 'text/event-stream', wants: true },
  { accept: 'application/json, Text/Event-Stream;q=0.9', wants: true },
])('Accept: $accept', ({ accept, wants }) => {
  expect(wantsEventStream(accept)).toBe(wants);
});

test.each([
  { because: 'nothing is said', last: undefined, after: undefined, from: undefined },
  { because: 'the query says', last: undefined, after: 3, from: 3 },
  { because: 'the header knows better', last: '5', after: 3, from: 5 },
  { because: 'nonsense is not obeyed', last: 'x', after: 3, from: 3 },
])('resuming: $because', ({ last, after, from }) => {
  expect(resumeAfter(last, after)).toBe(from);
});
