import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Optional, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { TooManyStreamsError } from './api.errors.js';
import { Authenticator, authorizationOf, callerOf, type CallingRequest } from './caller.js';

/** How long a reader waits before it connects again, in milliseconds. */
const RETRY_MS = 3000;
/** Keeps proxies from closing a silent stream; on the same beat the caller's key is looked at again. */
const BEAT_MS = 15_000;
const STREAMS_PER_CALLER = 20;
/** What a stream that is ended by us has to send its last lines. */
const FAREWELL_MS = 1000;

/** One block of a stream. */
export interface StreamedEvent {
  readonly sequence: number;
  readonly type: string;
  readonly data: unknown;
}

export class StreamTimings {
  constructor(readonly beatMs: number = BEAT_MS) {}
}

/** Whether the caller asks for a stream rather than a page. */
export function wantsEventStream(accept: string | undefined): boolean {
  return accept !== undefined && accept.split(',').some((part) => part.trim().split(';', 1)[0]?.toLowerCase() === 'text/event-stream');
}

/** The sequence after which a reader resumes: Last-Event-ID as EventSource sends it, else what the query says. */
export function resumeAfter(lastEventId: string | undefined, after: number | undefined): number | undefined {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId.trim()) ? Number(lastEventId) : after;
}

/**
 * Streams that stay open, through either door: as server-sent events or as a subscription. Each caller has few, each is
 * closed when the caller's key is no longer good, and all end when the process stops: an open stream would hold it.
 */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  private readonly open = new Map<string, Set<AbortController>>();
  private stopping = false;

  constructor(private readonly authenticator: Authenticator, @Optional() private readonly timings: StreamTimings = new StreamTimings()) {}

  onModuleDestroy(): void {
    this.stopping = true;
    for (const streams of this.open.values()) for (const stream of streams) stream.abort();
  }

  /**
   * Answers with server-sent events: `id` is the event's sequence, `event: end` says that nothing will follow.
   * @param events ends by itself after the last event, or when its signal aborts
   * @throws TooManyStreamsError
   */
  serverSent(request: CallingRequest, reply: FastifyReply, events: (signal: AbortSignal) => AsyncIterable<StreamedEvent>): Readable {
    const { controller, close } = this.register(request);
    const stream = Readable.from(this.lines(request, events(controller.signal), controller, close), { objectMode: false, highWaterMark: 16_384 });
    // Not on the stream's own close: that waits for the generator, which waits for the next event
    reply.raw.once('close', () => {
      controller.abort();
      close();
    });
    // A reader that does not read would keep the connection, and so a process that stops
    controller.signal.addEventListener('abort', () => setTimeout(() => reply.raw.destroy(), FAREWELL_MS).unref());
    // The connection ends with the stream: kept alive, it would hold a process that stops
    void reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store').header('x-accel-buffering', 'no').header('connection', 'close');
    return stream;
  }

  /** The same for a GraphQL subscription. @throws TooManyStreamsError */
  async *subscribed<T>(request: CallingRequest, events: (signal: AbortSignal) => AsyncIterable<T>): AsyncGenerator<T> {
    const { controller, close } = this.register(request);
    try {
      for await (const item of this.beating(request, events(controller.signal), controller)) if (item !== BEAT && item !== END) yield item;
    } finally {
      controller.abort();
      close();
    }
  }

  private async *lines(request: CallingRequest, events: AsyncIterable<StreamedEvent>, controller: AbortController, close: () => void): AsyncGenerator<string> {
    try {
      yield `retry: ${RETRY_MS}\n\n`;
      for await (const item of this.beating(request, events, controller)) {
        if (item === BEAT) yield ': still here\n\n';
        else if (item === END) yield 'event: end\ndata: {}\n\n';
        else yield `id: ${item.sequence}\nevent: ${oneLine(item.type)}\ndata: ${JSON.stringify(item.data)}\n\n`;
      }
    } finally {
      controller.abort();
      close();
    }
  }

  /** The events, with a beat where none came for a while, and a word where they have ended by themselves. */
  private async *beating<T>(request: CallingRequest, events: AsyncIterable<T>, controller: AbortController): AsyncGenerator<T | typeof BEAT | typeof END> {
    const { signal } = controller;
    if (signal.aborted) return;
    const iterator = events[Symbol.asyncIterator]();
    let checkedAt = performance.now();
    let next = iterator.next();
    next.catch(() => undefined); // told where it is awaited below; unheard only if the reader has gone
    try {
      while (!signal.aborted) {
        const silence = new AbortController();
        const beat: Promise<typeof BEAT> = pause(this.timings.beatMs, BEAT, { signal: AbortSignal.any([signal, silence.signal]) }).then(() => BEAT, () => BEAT);
        const won = await Promise.race([next, beat]);
        silence.abort();
        if (performance.now() - checkedAt >= this.timings.beatMs) {
          checkedAt = performance.now();
          if (!(await this.mayStill(request))) return controller.abort();
        }
        if (won === BEAT) {
          if (!signal.aborted) yield BEAT;
          continue;
        }
        if (won.done) {
          if (!signal.aborted) yield END;
          return;
        }
        next = iterator.next();
        next.catch(() => undefined);
        yield won.value;
      }
    } finally {
      controller.abort();
      await iterator.return?.();
    }
  }

  private async mayStill(request: CallingRequest): Promise<boolean> {
    return this.authenticator.authenticate(authorizationOf(request)).then(
      () => true,
      () => false,
    );
  }

  private register(request: CallingRequest): { controller: AbortController; close: () => void } {
    const caller = callerOf(request)?.id ?? '';
    const streams = this.open.get(caller) ?? new Set();
    if (streams.size >= STREAMS_PER_CALLER) throw new TooManyStreamsError(STREAMS_PER_CALLER);
    const controller = new AbortController();
    if (this.stopping) controller.abort();
    streams.add(controller);
    this.open.set(caller, streams);
    const close = () => {
      streams.delete(controller);
      if (streams.size === 0) this.open.delete(caller);
    };
    return { controller, close };
  }
}

const BEAT: unique symbol = Symbol('beat');
/** The events have ended by themselves; nobody stopped them. */
const END: unique symbol = Symbol('end');

/** A field of a server-sent event ends with its line. */
const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ');
