import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { LeaseLostError } from '../database/lease.errors.js';
import { LeaseService, type HeldLease } from '../database/lease.service.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import { setRhythm, type SetRhythm } from './token-coverage.rules.js';
import { TokenHolds, type Hold } from './token-holds.js';
import { TokenInventoryRepository } from './token-inventory.repository.js';
import { TokenObserverRepository } from './token-observer.repository.js';
import { isUrgent, planToken, type ObservedToken, type TokenAction, type TokenPlan, type TokenProblem } from './token-plan.rules.js';
import { tokenPolicy, type TokenPolicy } from './token-policy.rules.js';
import { TokenWorkRepository, type DueCluster, type SettledCluster } from './token-work.repository.js';
import { failureMeaning, refusalProblem, retryInMs } from './token-write.rules.js';
import { TokenWriter } from './token-writer.js';

/** Clusters in one set of statements. */
const BATCH = 250;
/** Clusters written to at once; more gains nothing on a kube-apiserver. */
const WRITERS = 32;
/** Batches whose record is being written while the next is worked on. */
const RECORDING = 2;
/** How soon a hub is looked at again whose watcher has not listed everything; its READ wakes it sooner. */
const UNREAD_MS = 10_000;
/** How soon to look again where a run of another process holds the hub, or one that died did. */
const ELSEWHERE_MS = 1_000;
/** Crons and TTLs remembered, of all hubs together. */
const MAX_RHYTHMS = 1_000;
/** A next moment further away than this is left to the sweep. */
const SOON_MS = 60_000;

/** A run over one hub in this process. */
interface Run {
  /** Something became due since the tables were last asked */
  again: boolean;
  /** Clusters whose record is not written yet */
  readonly inHand: Set<string>;
  readonly recording: Set<Promise<void>>;
  failure: Error | null;
}

interface Pass {
  readonly hubId: string;
  readonly lease: HeldLease;
  readonly policy: TokenPolicy;
  /** Opened when the first write is due */
  readonly client: () => Promise<HubClient>;
  readonly signal: AbortSignal;
}

/**
 * Keeps the tokens of one hub's clusters: observes facts, plans by rules, writes to the hub, records. Wake-ups lie in `token_work` by hub and
 * cluster; a pass takes what is due, and leaves due what was woken meanwhile. May be repeated, or die after any line, without harm. It acts under
 * a lease of its own: a process that stood still, and whose facts are old when it goes on, writes nothing more.
 */
@Injectable()
export class TokenReconciler {
  private readonly logger = new Logger(TokenReconciler.name);
  private readonly holds = new TokenHolds();
  /** Hubs where a right was found missing that was not known to be */
  private readonly lacking = new Set<string>();
  private readonly runs = new Map<string, Run>();
  private readonly rhythms = new Map<string, SetRhythm | null>();

  constructor(
    private readonly work: TokenWorkRepository,
    private readonly observer: TokenObserverRepository,
    private readonly inventory: TokenInventoryRepository,
    private readonly writer: TokenWriter,
    private readonly connections: HubConnections,
    private readonly changes: FleetChanges,
    private readonly leases: LeaseService,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** Someone changed the hub, or it is back: what was refused or failed is tried again. */
  forgetFailures(hubId: string): void {
    this.holds.forget(hubId);
  }

  /** Whether a right was found missing since this was asked last: the hub's own findings are then out of date. */
  lacksRight(hubId: string): boolean {
    return this.lacking.delete(hubId);
  }

  /**
   * Something of the hub is due.
   * @returns whether a run in this process will find it; else a job must be added
   */
  nudge(hubId: string): boolean {
    const run = this.runs.get(hubId);
    if (run === undefined) return false;
    run.again = true;
    return true;
  }

  /** Looks at everything that is due on the hub. @returns when to look again, unless something wakes it earlier */
  async reconcileHub(hubId: string, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const lease = await this.leases.hold(`tokens/${hubId}`, this.config.leaseMs);
    if (lease === null) return { againInMs: ELSEWHERE_MS };
    try {
      return await this.reconcileUnder(lease, hubId, AbortSignal.any([signal, lease.signal]));
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      return { againInMs: ELSEWHERE_MS };
    } finally {
      await lease.release().catch(() => undefined); // it ends by itself
    }
  }

  private async reconcileUnder(lease: HeldLease, hubId: string, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const run: Run = { again: false, inHand: new Set(), recording: new Set(), failure: null };
    this.runs.set(hubId, run);
    try {
      const isRead = await this.drain(lease, hubId, run, signal);
      if (!isRead) return { againInMs: UNREAD_MS };
    } finally {
      this.end(hubId, run);
      await Promise.all(run.recording);
    }
    this.holds.tidy(this.clock.now());
    if (run.failure !== null) throw run.failure;
    const nextDueAt = await this.work.nextDueAt(hubId);
    if (nextDueAt === null) return undefined;
    const inMs = nextDueAt.getTime() - this.clock.now().getTime();
    return inMs < SOON_MS ? { againInMs: Math.max(inMs, 1) } : undefined;
  }

  /** Batch after batch, until nothing is due; the record of one is written while the next is worked on. @returns false: the hub is not read yet */
  private async drain(lease: HeldLease, hubId: string, run: Run, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted || run.failure !== null) {
        this.end(hubId, run);
        return true;
      }
      run.again = false;
      const readAt = this.clock.now();
      const due = await this.work.due(hubId, readAt, BATCH, [...run.inHand]);
      if (due.length === 0) {
        if (run.recording.size > 0) await Promise.race(run.recording);
        else if (!run.again) {
          this.end(hubId, run);
          return true;
        }
        continue;
      }
      const context = await this.observer.hubContext(hubId);
      if (context === null) {
        await this.work.forget(hubId, due);
        continue;
      }
      if (!context.isRead) {
        this.end(hubId, run);
        return false;
      }
      const own = tokenPolicy(context, context.componentEnabled, context.schedules, (schedule) => this.rhythmOf(schedule));
      const policy = { ...own, otherLifeboat: own.protect && this.holds.hasRival(hubId, this.clock.now()) };
      let client: Promise<HubClient> | undefined;
      const plans = await this.plans({ hubId, lease, policy, signal, client: () => (client ??= this.connections.clientFor(hubId)) }, due);
      lease.assertHeld();
      this.recordMeanwhile(lease, hubId, run, due, plans, readAt);
      if (run.recording.size > RECORDING) await Promise.race(run.recording);
    }
  }

  /** Reckoned once for each cron and TTL. */
  private rhythmOf(schedule: BackupScheduleFacts): SetRhythm | null {
    const key = `${schedule.cron} ${schedule.veleroTtl}`;
    const known = this.rhythms.get(key);
    if (known !== undefined) return known;
    const rhythm = setRhythm(schedule);
    if (this.rhythms.size >= MAX_RHYTHMS) this.rhythms.clear();
    this.rhythms.set(key, rhythm);
    return rhythm;
  }

  /** At once with the decision to end: who is told that a run will find its work must not be told so by one that has looked for the last time. */
  private end(hubId: string, run: Run): void {
    if (this.runs.get(hubId) === run) this.runs.delete(hubId);
  }

  /** Carries out what each cluster needs. @returns what is to be said of each; those that the hub does not show are not in it */
  private async plans(pass: Pass, due: readonly DueCluster[]): Promise<ReadonlyMap<string, TokenPlan>> {
    const observed = await this.observer.observe(pass.hubId, due.map(({ cluster }) => cluster));
    const waiting = [...observed.filter(isUrgent), ...observed.filter((one) => !isUrgent(one))];
    const plans = new Map<string, TokenPlan>();
    const write = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) plans.set(one.cluster, this.untilTold(pass.hubId, await this.reconcileCluster(pass, one), one.cluster));
    };
    await Promise.all(Array.from({ length: Math.min(WRITERS, waiting.length) }, write));
    return plans;
  }

  /** What rests on our own writes is looked at again when the watch should have told of them. */
  private untilTold(hubId: string, plan: TokenPlan, cluster: string): TokenPlan {
    const forMs = this.writer.believedForMs(hubId, cluster);
    return forMs === null ? plan : withRecheck(plan, new Date(this.clock.now().getTime() + forMs));
  }

  private recordMeanwhile(lease: HeldLease, hubId: string, run: Run, due: readonly DueCluster[], plans: ReadonlyMap<string, TokenPlan>, readAt: Date): void {
    for (const { cluster } of due) run.inHand.add(cluster);
    const recording = this.record(lease, hubId, due, plans, readAt)
      .catch((error: unknown) => {
        run.failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        run.recording.delete(recording);
        for (const { cluster } of due) run.inHand.delete(cluster);
      });
    run.recording.add(recording);
  }

  private async record(lease: HeldLease, hubId: string, due: readonly DueCluster[], plans: ReadonlyMap<string, TokenPlan>, readAt: Date): Promise<void> {
    const changed = await this.inventory.record(lease, hubId, due.map(({ cluster }) => ({ cluster, tokens: plans.get(cluster)?.tokens ?? [] })), readAt, this.clock.now());
    const settled: SettledCluster[] = due.filter(({ cluster }) => plans.has(cluster)).map((one) => ({ ...one, recheckAt: plans.get(one.cluster)?.recheckAt ?? null }));
    await this.work.settle(hubId, settled, readAt);
    const gone = due.filter(({ cluster }) => !plans.has(cluster));
    if (gone.length > 0) await this.work.forget(hubId, gone);
    // Not awaited: whoever listens must not slow the upkeep down.
    if (changed.length > 0) void this.changes.publish({ hubId, topic: 'TOKENS', clusters: new Set(changed) });
  }

  private async reconcileCluster(pass: Pass, observed: ObservedToken): Promise<TokenPlan> {
    const { hubId, policy } = pass;
    const { cluster } = observed;
    if (this.holds.lookForRival(hubId, observed, this.clock.now())) await this.work.wakeAll(hubId, this.clock.now());
    let world = this.writer.withOwnWrites(hubId, observed);
    const before = planToken(world, policy, null, this.clock.now());
    if (before.actions.length === 0) {
      this.holds.clear(hubId, cluster);
      return before;
    }
    const held = this.holds.ofCluster(hubId, cluster, this.clock.now());
    const told = (hold: Pick<Hold, 'until' | 'problem'>): TokenPlan => withRecheck(planToken(world, policy, hold.problem, this.clock.now()), hold.until);
    let waits: Pick<Hold, 'until' | 'problem'> | null = null;
    for (const action of held === null ? before.actions : triedAllTheSame(before.actions, held)) {
      if (pass.signal.aborted) return withRecheck(before, this.clock.now());
      const missing = this.holds.missingRight(hubId, action, this.clock.now());
      if (missing !== null) return told(missing);
      const removedUntil = this.holds.removed(hubId, cluster, action, this.clock.now());
      if (removedUntil !== null) {
        waits ??= { until: removedUntil, problem: REMOVED };
        continue;
      }
      try {
        const client = await pass.client();
        pass.lease.assertHeld();
        world = await this.writer.carryOut(client, hubId, world, action, pass.lease.signal);
        this.holds.done(hubId, cluster, action, this.clock.now());
      } catch (error) {
        pass.lease.assertHeld();
        return told(await this.failed(pass, cluster, action, error));
      }
    }
    if (held !== null) return told(held);
    this.holds.clear(hubId, cluster);
    return waits === null ? planToken(world, policy, null, this.clock.now()) : told(waits);
  }

  private async failed(pass: Pass, cluster: string, action: TokenAction, error: unknown): Promise<Hold> {
    const { hubId } = pass;
    if (!isKubeError(error)) throw error;
    const { failures, problem: known } = this.holds.next(hubId, cluster);
    const meaning = failureMeaning(error);
    this.holds.notLabelled(hubId, cluster, action, error.code === 'KUBE_CONFLICT' ? 'CONFLICT' : 'UNKNOWN');
    const until = new Date(this.clock.now().getTime() + retryInMs(meaning, failures, error.retryAfterMs));
    if (meaning === 'HUB_AWAY') this.holds.hubAway(hubId, until);
    const told = refusalProblem(error, failures);
    const asked = told === null && meaning === 'REFUSED' ? await this.writer.refusal(await pass.client(), cluster, action, error) : told;
    const problem = asked ?? known;
    if (problem?.code === 'RIGHTS_MISSING' && this.holds.noteMissingRight(hubId, action, until)) this.lacking.add(hubId);
    this.logger.debug({ hub: hubId, cluster, action: action.type, code: error.code }, 'A write was not done; tried again later');
    return this.holds.hold(hubId, cluster, { until, problem, failures, refused: meaning === 'REFUSED' ? action.type : null });
  }
}

const REMOVED: TokenProblem = {
  code: 'TOKEN_OBJECTS_REMOVED',
  detail: 'Somebody on the hub takes away or changes back, again and again, what is made for the token: it is made anew, each time later',
};

/** A backup may start at any moment: a label does not wait for something else that the hub refuses. */
const triedAllTheSame = (actions: readonly TokenAction[], { refused }: Hold): readonly TokenAction[] =>
  refused === null || refused === 'MARK_SECRET' ? [] : actions.filter(({ type }) => type === 'MARK_SECRET');

/** Looks again at that moment, if nothing else does earlier. */
function withRecheck(plan: TokenPlan, at: Date): TokenPlan {
  return { ...plan, recheckAt: plan.recheckAt === null || plan.recheckAt > at ? at : plan.recheckAt };
}
