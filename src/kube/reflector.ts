import { type Clock, SystemClock } from '../common/clock.js';
import { Backoff } from './backoff.js';
import { ChangeBuffer } from './change-buffer.js';
import type { HubClient } from './hub-client.js';
import { isKubeError, KubeError } from './kube-error.js';
import type { ResourceType, Selection, WatchEvent } from './kube.types.js';
import { isAnswer, isSetBack, recoveryOf, SinkFailure } from './reflector.rules.js';
import type { ReflectorSink, ReflectorState } from './reflector.types.js';
import { Turnstile } from './turnstile.js';

const PAGE_SIZE = 500;
const MIN_PAGE_SIZE = 10;
const MAX_CHANGES = 500;
const COALESCE_MS = 50;
const HEARTBEAT_MS = 15_000;
/** A watch that ends sooner, with nothing said, counts as failed: client-go's "very short watch". */
const SHORT_WATCH_MS = 1_000;
const LISTS_AT_ONCE = 2;
/** After so many watches in a row without a word, the version is doubted. */
const SILENT_WATCHES = 2;
/**
 * A watch that ends by itself has outlived a connection that was lost so long before: else both may have ended by one and the same failure, which a
 * busy process hears of in any order. Milliseconds, of real time.
 */
const OUTLIVED_MS = 5_000;
/** So long may a hub take to repeat the last event, before its store counts as set back. */
const PROOF_MS = 10_000;

export type ReflectorClient = Pick<HubClient, 'list' | 'watch' | 'serves' | 'serverVersion'> & Partial<Pick<HubClient, 'disruptions' | 'calmForMs' | 'cuts'>>;

export interface ReflectorOptions {
  /** For `heardAt` */
  readonly clock?: Clock;
  /** From 0 to below 1 */
  readonly random?: () => number;
  readonly monotonicMs?: () => number;
  /** Resolves after so long, or at once when the signal is aborted */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Wait before the first list, so that many reflectors do not start together; milliseconds, default 0 */
  readonly firstDelayMs?: number;
  readonly pageSize?: number;
  readonly coalesceMs?: number;
  readonly heartbeatMs?: number;
  /** The limits of each request; default: the client's */
  readonly pageDeadlineMs?: number;
  readonly openMs?: number;
  readonly silenceMs?: number;
  readonly watchTimeoutSeconds?: number;
  readonly proofMs?: number;
}

/** Reflectors of one client take turns to list. */
const turnstiles = new WeakMap<ReflectorClient, Turnstile>();

function turnstileOf(client: ReflectorClient): Turnstile {
  const turnstile = turnstiles.get(client) ?? new Turnstile(LISTS_AT_ONCE);
  turnstiles.set(client, turnstile);
  return turnstile;
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/**
 * Keeps a sink in step with one kind of resource on a hub, for as long as it runs.
 *
 *   start -> LISTING --list done--> WATCHING --end of stream, silence--> WATCHING (from the last version)
 *              ^ |                     |
 *              | +---- any failure ----+--> BACKING_OFF --hub cut off, 429, 5xx--> WATCHING (from the last version)
 *              |                                 |
 *              +---- 410, sink failed, malformed +
 *              |
 *              +---- 404, and the API server does not list the kind: ABSENT, looked for again with the same backoff
 *
 * After a failure the hub may be another than before: its etcd may have been restored from a backup, and have gone on to versions beyond ours,
 * so that a watch from our version is accepted and skips what the new history did before it. So after each failure the watch begins just
 * before the last event, and must bring that very event again; where there was none since the list, or another comes, the list is read anew.
 * The same where a connection was lost or retired shortly before a watch ended by itself: its end may have been part of a restart.
 *
 * Silence is no failure: an API server says nothing about a quiet kind unless its etcd notifies of progress (OpenShift's and kubeadm's do,
 * every 5 s). It is a reason to ask again; a hub that is gone then does not accept the new watch.
 *
 * One loop, so no two lists or watches of one reflector ever run beside each other.
 */
export class Reflector {
  private current: ReflectorState = { phase: 'STOPPED', heardAt: null, errorCode: null };
  private running: { readonly abort: AbortController; readonly done: Promise<void> } | null = null;
  /** Of the last list or event; null: list first */
  private version: string | null = null;
  /** The last event since the list, and the version just before it */
  private witness: Witness | null = null;
  /** A request has failed since, so the hub must show that its history is still the same */
  private isDoubtful = false;
  /** Of the client, when nothing was in doubt */
  private disruptions = 0;
  /** Of the client, when the last list began; null: a watch has been accepted since */
  private cutsAtList: number | null = null;
  /** The list before this one was doubted for such a connection alone */
  private isListedTwice = false;
  /** Grows with each list and watch; what belongs to an older one is dropped */
  private generation = 0;
  private silentWatches = 0;
  private pageSize: number;
  private lastSinkCall: Promise<void> = Promise.resolve();
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly monotonicMs: () => number;
  private readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;

  constructor(
    private readonly client: ReflectorClient,
    private readonly type: ResourceType,
    private readonly selection: Selection,
    private readonly sink: ReflectorSink,
    private readonly options: ReflectorOptions = {},
  ) {
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? Math.random;
    this.monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.sleep = options.sleep ?? sleepFor;
    this.pageSize = options.pageSize ?? PAGE_SIZE;
  }

  get state(): ReflectorState {
    return this.current;
  }

  /** Begins; does nothing if it runs already. */
  start(): void {
    if (this.running !== null) return;
    const abort = new AbortController();
    this.running = { abort, done: this.run(abort.signal) };
  }

  /** Resolves when the last call of the sink has ended; none comes after. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    running.abort.abort();
    await running.done;
    if (this.running === running) this.running = null;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.random, this.monotonicMs);
    this.version = null;
    if (this.options.firstDelayMs !== undefined) await this.sleep(this.options.firstDelayMs, signal);
    while (!signal.aborted) {
      try {
        await this.doubtVersion(signal);
        if (this.mustProve() && this.witness === null) this.version = null;
        if (this.version === null) await this.list(signal);
        await this.watch(signal);
        if (this.mustProve() && this.witness === null) {
          // A hub that retires every connection is listed no oftener than one that fails.
          this.version = null;
          await this.sleep(backoff.next(), signal);
        }
      } catch (error) {
        if (!signal.aborted) await this.recover(error, backoff, signal);
      }
    }
    await this.tellIfPossible({ phase: 'STOPPED' });
  }

  private async recover(failure: unknown, backoff: Backoff, signal: AbortSignal): Promise<void> {
    const error = await this.confirmed(failure, signal);
    if (isKubeError(error, 'HUB_ANSWER_TOO_LARGE') && this.version === null) this.pageSize = Math.max(MIN_PAGE_SIZE, Math.floor(this.pageSize / 2));
    const { relist, phase, errorCode, atLeastMs } = recoveryOf(error);
    if (relist) this.version = null;
    if (!isAnswer(error)) this.isDoubtful = true;
    await this.tellIfPossible({ phase, errorCode });
    await this.sleep(Math.max(backoff.next(), atLeastMs), signal);
  }

  /**
   * That a kind is not there empties our tables of it: so a 404 must come from an API server that tells its version and does not list the kind.
   * One of a gateway before it, or of a hub that is starting, is a failure like any other.
   */
  private async confirmed(failure: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isKubeError(failure, 'KUBE_NOT_FOUND')) return failure;
    try {
      await this.client.serverVersion({ signal });
      return (await this.client.serves(this.type, { signal })) ? new KubeError('HUB_ANSWER_MALFORMED', `${this.type.plural}: the hub serves the kind and answers 404`) : failure;
    } catch (error) {
      return isKubeError(error, 'KUBE_NOT_FOUND') ? new KubeError('HUB_ANSWER_MALFORMED', `${this.type.plural}: what answers 404 is no API server`) : error;
    }
  }

  private async doubtVersion(signal: AbortSignal): Promise<void> {
    if (this.version === null || this.silentWatches < SILENT_WATCHES) return;
    const leave = await turnstileOf(this.client).enter(signal);
    try {
      const { resourceVersion } = await this.client.list(this.type, { ...this.selection, limit: 1, deadlineMs: this.options.pageDeadlineMs, signal });
      this.silentWatches = 0;
      if (isSetBack(this.version, resourceVersion)) this.version = null;
      else this.hear();
    } finally {
      leave();
    }
  }

  /** Whether the next watch must show that the history is the same as before. */
  private mustProve(): boolean {
    return this.isDoubtful || this.disruptions !== (this.client.disruptions ?? 0);
  }

  private trust(): void {
    this.isDoubtful = false;
    this.disruptions = this.client.disruptions ?? 0;
  }

  private async list(signal: AbortSignal): Promise<void> {
    const leave = await turnstileOf(this.client).enter(signal);
    try {
      this.generation += 1;
      this.witness = null;
      this.trust();
      this.cutsAtList = this.client.cuts ?? 0;
      if (this.current.phase === 'STOPPED') await this.tell({ phase: 'LISTING', errorCode: null });
      // All pages show the state of the first.
      const askedAt = this.clock.now();
      let toldAt: Date | null = null;
      let continueToken: string | undefined;
      do {
        const page = await this.client.list(this.type, { ...this.selection, limit: this.pageSize, continueToken, deadlineMs: this.options.pageDeadlineMs, signal });
        this.hear();
        if (toldAt === null) await this.beginList();
        const since = (toldAt ??= this.clock.now());
        await this.call(() => this.sink.page(page.items, askedAt));
        continueToken = page.continueToken ?? undefined;
        if (continueToken === undefined) await this.endList(page.resourceVersion, since);
      } while (continueToken !== undefined && !signal.aborted);
    } finally {
      leave();
    }
  }

  private async beginList(): Promise<void> {
    await this.tell({ phase: 'LISTING', errorCode: null });
    await this.call(() => this.sink.listing());
  }

  private async endList(version: string, toldAt: Date): Promise<void> {
    await this.call(() => this.sink.listed(version, toldAt));
    this.version = version;
    this.silentWatches = 0;
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const { version } = this;
    if (version === null) return; // stopped in mid-list
    if (this.mustProve() && this.witness === null) throw new KubeError('HUB_UNREACHABLE', `watch ${this.type.plural}: a connection was lost since the list`);
    this.generation += 1;
    const session = new WatchSession(signal);
    const flow = new Flow(this.options.coalesceMs ?? COALESCE_MS, (changes, heardAt) => this.call(() => this.sink.changes(changes, heardAt)), session.fail);
    const heartbeat = setInterval(() => void this.tell({}, true).catch(session.fail), this.options.heartbeatMs ?? HEARTBEAT_MS);
    try {
      await this.follow(version, session, flow);
      if (signal.aborted) return;
      // What has come is kept, whatever ended the watch: the next one goes on behind it.
      await flow.flush();
      session.throwFailure();
    } catch (error) {
      if (!signal.aborted && !(session.failure instanceof SinkFailure)) await flow.flush();
      throw session.failure ?? error;
    } finally {
      clearInterval(heartbeat);
      flow.close();
      session.close();
      await this.lastSinkCall;
    }
  }

  private async follow(version: string, session: WatchSession, flow: Flow): Promise<void> {
    const { generation } = this;
    const startedAtMs = this.monotonicMs();
    this.isDoubtful = this.mustProve(); // until it is proved, however the watch ends
    const proof = this.isDoubtful ? new Proof(this.type, this.witness, this.options.proofMs ?? PROOF_MS, session.fail) : null;
    let isOpen = false;
    let hasSpoken = false;
    const accept = (): void => {
      this.hear();
      void this.tell({ phase: 'WATCHING', errorCode: null }).catch(session.fail);
    };
    const onOpen = (): void => {
      isOpen = true;
      // A client's first list may have no connection of watches beside it that would tell of a restart. Once: some hubs end each connection.
      if (this.cutsAtList !== null && this.cutsAtList !== (this.client.cuts ?? 0) && !this.isListedTwice) {
        this.isListedTwice = true;
        return session.fail(new KubeError('HUB_UNREACHABLE', `watch ${this.type.plural}: a connection was lost since the list`));
      }
      this.cutsAtList = null;
      this.isListedTwice = false;
      if (proof === null) accept();
      else proof.begin();
    };
    const { silenceMs, openMs, watchTimeoutSeconds: timeoutSeconds } = this.options;
    const resourceVersion = proof?.from ?? version;
    const events = this.client.watch(this.type, { ...this.selection, resourceVersion, signal: session.signal, silenceMs, openMs, timeoutSeconds, onOpen });
    try {
      for await (const event of events) {
        if (generation !== this.generation || session.signal.aborted) return;
        hasSpoken = true;
        this.silentWatches = 0;
        if (proof?.isOpen === true) {
          if (!proof.isGivenBy(event)) continue;
          this.trust();
          this.version = proof.version;
          accept();
          continue;
        }
        this.hear();
        await this.take(event, flow);
      }
    } catch (error) {
      const isSilence = isOpen && isKubeError(error, 'HUB_TIMEOUT') && error.details['calledOff'] !== true;
      if (!isSilence) throw error;
    } finally {
      proof?.end();
    }
    if ((this.client.calmForMs ?? Infinity) > OUTLIVED_MS) this.disruptions = this.client.disruptions ?? 0;
    if (hasSpoken || session.signal.aborted) return;
    if (this.monotonicMs() - startedAtMs < SHORT_WATCH_MS) throw new KubeError('HUB_UNREACHABLE', `watch ${this.type.plural}: ended at once, with nothing said`, { reason: 'EndedAtOnce' });
    this.silentWatches += 1;
  }

  private async take(event: WatchEvent, flow: Flow): Promise<void> {
    if (event.type === 'BOOKMARK') {
      this.version = event.resourceVersion;
      return;
    }
    const { resourceVersion } = event.object.metadata;
    if (resourceVersion === undefined) throw new KubeError('HUB_ANSWER_MALFORMED', `watch ${this.type.plural}: an object without a version`);
    if (this.version !== null && this.version !== resourceVersion) this.witness = { from: this.version, event, version: resourceVersion };
    await flow.put({ type: event.type === 'DELETED' ? 'DELETE' : 'UPSERT', object: event.object }, this.clock.now());
    this.version = resourceVersion;
  }

  private hear(): void {
    this.current = { ...this.current, heardAt: this.clock.now() };
  }

  private async tell(change: Partial<ReflectorState>, always = false): Promise<void> {
    const before = this.current;
    this.current = { ...before, ...change };
    const isSame = before.phase === this.current.phase && before.errorCode === this.current.errorCode;
    if (always || !isSame) await this.call(() => this.sink.state(this.current));
  }

  /** For news of a failure: if the sink cannot take it either, the state still holds it and the next one tells. */
  private async tellIfPossible(change: Partial<ReflectorState>): Promise<void> {
    try {
      await this.tell(change);
    } catch (error) {
      if (!(error instanceof SinkFailure)) throw error;
    }
  }

  /** Calls the sink when its last call has ended. @throws SinkFailure */
  private call(action: () => Promise<void> | void): Promise<void> {
    const call = this.lastSinkCall.then(async () => {
      try {
        await action();
      } catch (error) {
        throw new SinkFailure(error);
      }
    });
    this.lastSinkCall = call.catch(() => undefined); // told to whoever made the call
    return call;
  }
}

/** One watch: ended by its reflector's stop, or by a failure that happened beside the stream. */
class WatchSession {
  private readonly controller = new AbortController();
  private readonly onStop = (): void => this.controller.abort();
  failure: Error | null = null;

  constructor(private readonly outer: AbortSignal) {
    if (outer.aborted) this.controller.abort();
    outer.addEventListener('abort', this.onStop, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  readonly fail = (error: unknown): void => {
    this.failure ??= error instanceof Error ? error : new SinkFailure(error);
    this.controller.abort();
  };

  throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  close(): void {
    this.outer.removeEventListener('abort', this.onStop);
  }
}

interface Witness {
  /** The version before the event: a watch from here brings it again */
  readonly from: string;
  readonly event: WatchEvent;
  readonly version: string;
}

/** Whether the hub tells the last event again, as it must if its history is still the one that we know. */
class Proof {
  private timer: NodeJS.Timeout | undefined;
  private isGiven: boolean;

  constructor(
    private readonly type: ResourceType,
    private readonly witness: Witness | null,
    private readonly limitMs: number,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.isGiven = witness === null;
  }

  get from(): string | undefined {
    return this.witness?.from;
  }

  get version(): string | null {
    return this.witness?.version ?? null;
  }

  get isOpen(): boolean {
    return !this.isGiven;
  }

  begin(): void {
    this.timer = setTimeout(() => this.onFailure(this.failure()), this.limitMs);
  }

  /** @returns whether that is it; bookmarks prove nothing. @throws KubeError KUBE_GONE for any other event */
  isGivenBy(event: WatchEvent): boolean {
    if (event.type === 'BOOKMARK') return false;
    if (JSON.stringify(event) !== JSON.stringify(this.witness?.event)) throw this.failure();
    this.isGiven = true;
    this.end();
    return true;
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private failure(): KubeError {
    return new KubeError('KUBE_GONE', `watch ${this.type.plural}: the hub no longer tells what it told before, as if its store had been set back`);
  }
}

/** Gathers changes for a moment, or until there are many, and hands them on. Waits for the receiver when it is full. */
class Flow {
  private readonly buffer = new ChangeBuffer();
  private timer: NodeJS.Timeout | undefined;
  /** Of the first that is held */
  private heardAt: Date | null = null;
  private delivery: Promise<void> = Promise.resolve();

  constructor(
    private readonly coalesceMs: number,
    private readonly deliver: (changes: ReturnType<ChangeBuffer['take']>, heardAt: Date) => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  async put(change: Parameters<ChangeBuffer['put']>[0], heardAt: Date): Promise<void> {
    this.buffer.put(change);
    this.heardAt ??= heardAt;
    if (this.buffer.size >= MAX_CHANGES) await this.flush();
    else this.timer ??= setTimeout(() => void this.flush().catch(this.onFailure), this.coalesceMs);
  }

  /** Resolves when everything has been taken, what was on its way too. @throws what the receiver threw, at any time */
  flush(): Promise<void> {
    this.close();
    const { heardAt } = this;
    this.heardAt = null;
    const changes = this.buffer.take();
    if (heardAt !== null) this.delivery = this.delivery.then(() => this.deliver(changes, heardAt));
    return this.delivery;
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
