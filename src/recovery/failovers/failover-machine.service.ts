import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { LeaseLostError } from '../../database/lease.errors.js';
import { LeaseService, type HeldLease } from '../../database/lease.service.js';
import { HubCredentialsUnreadableError, HubNotFoundError } from '../../hubs/hubs.errors.js';
import { isKubeError } from '../../kube/kube-error.js';
import { ApprovalStep } from './approval.step.js';
import { CommitStep, ReprotectStep } from './closing.steps.js';
import { crashPoint } from './crash-point.js';
import { FailoverEvents } from './failover-events.js';
import type { MachineFailover, MachineWrite, Note, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { isTerminal, MAX_CRASHES, transitions, type Cut } from './failover-transitions.rules.js';
import { FailoversRepository } from './failovers.repository.js';
import type { FailoverStatus, FailoverStepName } from './failovers.types.js';
import { FencingStep } from './fencing.step.js';
import { ImportingStep } from './importing.step.js';
import { LateImports } from './late-imports.service.js';
import { PreflightStep } from './preflight.step.js';
import { RestoringStep } from './restoring.step.js';
import { isPassing, problem, toldAs } from './step-help.js';
import { UndoingStep } from './undoing.step.js';
import { VerifyingStep } from './verifying.step.js';

/** While a hub gives no usable answer. */
const HUB_SILENT_MS = 5_000;

/** What a run came to: when to look again; null: not by itself. */
export interface Advanced {
  readonly againInMs: number | null;
}

/**
 * Carries failovers on. One run takes the failover's lease and passes over its state until there is something to wait for:
 *
 *   claim ──▶ enter (counts the pass) ──▶ [intend ──▶ write intent] ──▶ act ──▶ write outcome, events and next state ──▶ …
 *               │                            ▲ before-intent               ▲ after-effect  ▲ before-record
 *               └─ three passes never ended: needs attention
 *
 * Every write is one transaction under the lease's epoch and on the state that was decided on; who has been overtaken changes nothing.
 * A pass that finds an intent without an outcome looks first. What no answer tells is unknown: it is looked at again.
 */
@Injectable()
export class FailoverMachine implements BeforeApplicationShutdown {
  private readonly logger = new Logger(FailoverMachine.name);
  private readonly steps: ReadonlyMap<FailoverStepName, Step>;
  private readonly running = new Map<string, Promise<Advanced>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly leases: LeaseService,
    private readonly repository: FailoversRepository,
    private readonly events: FailoverEvents,
    private readonly lateImports: LateImports,
    private readonly clock: Clock,
    private readonly config: Config,
    preflight: PreflightStep, approval: ApprovalStep, fencing: FencingStep, restoring: RestoringStep, importing: ImportingStep,
    verifying: VerifyingStep, commit: CommitStep, reprotect: ReprotectStep, undoing: UndoingStep,
  ) {
    const all: Step[] = [preflight, approval, fencing, restoring, importing, verifying, commit, reprotect, undoing];
    this.steps = new Map(all.map((step) => [step.name, step]));
  }

  /** Carries the failover on as far as it goes now; a run that is under way in this process is waited for. */
  async advance(failoverId: string): Promise<Advanced> {
    const underWay = this.running.get(failoverId);
    if (underWay !== undefined) {
      await underWay.catch(() => undefined); // its own caller is told
      return this.advance(failoverId);
    }
    const run = this.underLease(failoverId).finally(() => this.running.delete(failoverId));
    this.running.set(failoverId, run);
    return run;
  }

  isRunning(failoverId: string): boolean {
    return this.running.has(failoverId);
  }

  /** Lets go of all failovers: others take them up at once. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.running.values());
  }

  private async underLease(failoverId: string): Promise<Advanced> {
    if (this.stopping.signal.aborted) return { againInMs: null };
    const lease = await this.leases.hold(`failover/${failoverId}`, this.config.leaseMs);
    if (lease === null) return { againInMs: this.config.failoverPollMs }; // another worker has it
    try {
      return await this.passes(failoverId, lease);
    } catch (error) {
      if (error instanceof LeaseLostError) return { againInMs: this.config.failoverPollMs }; // overtaken: touch nothing, say nothing
      if (this.stopping.signal.aborted) return { againInMs: null };
      throw error;
    } finally {
      await lease.release().catch(() => undefined); // it expires by itself
      this.events.changed(failoverId);
    }
  }

  private async passes(failoverId: string, lease: HeldLease): Promise<Advanced> {
    for (;;) {
      const failover = await this.repository.load(failoverId);
      if (failover.needsAttention) return { againInMs: null };
      if (isTerminal(failover.status)) return this.lateImports.look(lease, failover, AbortSignal.any([lease.signal, this.stopping.signal]));
      const again = await this.pass(failover, failover.status, lease);
      this.events.changed(failoverId);
      if (again !== null) return { againInMs: again };
      if (this.stopping.signal.aborted) return { againInMs: null };
    }
  }

  /** @returns after how many milliseconds to look again; null: at once, the state has changed or needs a person */
  private async pass(failover: MachineFailover, status: FailoverStepName, lease: HeldLease): Promise<number | null> {
    const step = this.steps.get(status);
    if (step === undefined) throw new Error(`Nobody does ${status}`);
    const { intent, crashes } = await this.repository.enter(lease, failover.id, status);
    if (crashes >= MAX_CRASHES) return this.record(lease, failover, status, { kind: 'ATTENTION', problem: problem('STEP_CRASHED_WORKERS', `${crashes} workers ended in ${status} without a word`) });
    const fresh = intent === null ? { ...failover, steps: without(failover, status) } : failover;
    const run = this.runOf(fresh, status, lease);
    let answer: StepAnswer;
    try {
      answer = await this.answer(step, run, lease, fresh, intent);
    } catch (error) {
      if (error instanceof LeaseLostError || run.signal.aborted) throw error;
      answer = this.answerTo(error, failover);
    }
    return this.record(lease, failover, status, answer);
  }

  private async answer(step: Step, run: StepRun, lease: HeldLease, failover: MachineFailover, known: Record<string, unknown> | null): Promise<StepAnswer> {
    let intent = known;
    let acting = run;
    if (intent === null) {
      const intention = await step.intend(run);
      if (intention.kind !== 'INTENT') return intention;
      intent = intention.intent;
      this.cut(step.name, 'before-intent');
      await this.repository.write(lease, failover.id, step.name, { step: { intent } }, this.clock.now());
      acting = this.runOf(await this.repository.load(failover.id), step.name, lease);
    }
    const answer = await step.act(acting, intent);
    this.cut(step.name, 'after-effect');
    return answer;
  }

  private runOf(failover: MachineFailover, status: FailoverStepName, lease: HeldLease): StepRun {
    return {
      failover,
      signal: AbortSignal.any([lease.signal, this.stopping.signal]),
      now: () => this.clock.now(),
      assertHeld: () => lease.assertHeld(),
      effectMade: () => this.cut(status, 'after-effect'),
      write: (write) => this.repository.write(lease, failover.id, status, write, this.clock.now()),
    };
  }

  /** A hub that does not answer is waited for; what it refuses needs a person; anything else is ours, and counts as a crash if it stays. */
  private answerTo(error: unknown, failover: MachineFailover): StepAnswer {
    const told = toldAs(error);
    if (told === null) throw error;
    if (error instanceof HubNotFoundError || error instanceof HubCredentialsUnreadableError) return { kind: 'ATTENTION', problem: problem('HUB_CALL_FAILED', told) };
    if (!isKubeError(error)) throw error;
    if (!isPassing(error)) return { kind: 'ATTENTION', problem: problem('HUB_CALL_FAILED', told) };
    const why = problem('HUB_CALL_FAILED', told);
    const isNews = failover.problem?.code !== why.code;
    const notes: Note[] = isNews ? [{ type: 'hub.silent', summary: `A hub gives no usable answer (${error.code}); it is asked again`, data: { code: error.code } }] : [];
    return { kind: 'WAIT', lookAgainMs: Math.max(HUB_SILENT_MS, error.retryAfterMs ?? 0), write: { set: { problem: why }, notes } };
  }

  private async record(lease: HeldLease, failover: MachineFailover, status: FailoverStepName, answer: StepAnswer): Promise<number | null> {
    const now = this.clock.now();
    switch (answer.kind) {
      case 'WAIT': {
        const nextLookAt = new Date(now.getTime() + answer.lookAgainMs);
        const write = { ...answer.write, ...cleared(failover, answer.write), nextLookAt, step: { ...answer.write?.step, over: true } };
        await this.repository.write(lease, failover.id, status, write, now);
        return answer.lookAgainMs;
      }
      case 'ATTENTION': {
        const note = { type: 'failover.needs_attention', summary: `${status} needs a person: ${answer.problem.message}`, data: { ...answer.problem } };
        const step = { over: true, ...(answer.forget === true ? { intent: null } : {}) };
        await this.repository.write(lease, failover.id, status, { set: { problem: answer.problem, needsAttention: true }, step, nextLookAt: null, notes: [note] }, now);
        this.logger.error({ failover: failover.id, step: status, code: answer.problem.code }, 'A failover needs a person');
        return null;
      }
      case 'NEXT': {
        this.cut(status, 'before-record');
        const because = (transitions[status] as Partial<Record<FailoverStatus, string>>)[answer.to] ?? '';
        const moved = { type: 'status.changed', summary: `${status} → ${answer.to}: ${because}`, data: { from: status, to: answer.to } };
        const write: MachineWrite = {
          ...answer.write, ...cleared(failover, answer.write), to: answer.to, nextLookAt: isTerminal(answer.to) ? null : new Date(now.getTime() + (answer.lookAgainMs ?? 0)),
          step: { ...answer.write?.step, outcome: answer.outcome, result: answer.result, over: true }, notes: [...(answer.write?.notes ?? []), moved],
        };
        await this.repository.write(lease, failover.id, status, write, now);
        return answer.lookAgainMs ?? null;
      }
    }
  }

  private cut(step: FailoverStepName, cut: Cut): void {
    crashPoint(`${step}:${cut}`);
  }
}

/** A problem that was only a silence is over when a pass has come to an answer. */
function cleared(failover: MachineFailover, write: MachineWrite | undefined): Pick<MachineWrite, 'set'> {
  if (failover.problem?.code !== 'HUB_CALL_FAILED' || write?.set?.problem !== undefined) return {};
  return { set: { ...write?.set, problem: null } };
}

/** A step that is entered anew does not remember the last time. */
function without(failover: MachineFailover, status: FailoverStepName): MachineFailover['steps'] {
  return new Map([...failover.steps].filter(([name]) => name !== status));
}
