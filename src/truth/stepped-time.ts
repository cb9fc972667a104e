import { setImmediate as turn } from 'node:timers/promises';
import type { ManualClock } from '../common/clock.js';
import type { World } from '../simulator/scenarios/world.js';
import type { SimulatedHub } from '../simulator/simulated-hub.js';

/** Turns of the event loop without a read or a write on any hub, after which nothing is under way any more: everything is in this process. */
const QUIET_TURNS = 40;
/** Where moreover nobody is at work, all that can be under way is the word of a change. */
const IDLE_TURNS = 16;

/**
 * A world's time, which stands still while anybody works: from one moment that somebody waits for to the next, as in a discrete-event
 * simulation. No real second is waited for.
 */
export class SteppedTime {
  constructor(
    readonly clock: ManualClock,
    private readonly world: World,
    private readonly hubs: readonly SimulatedHub[],
    /** What is due within so many milliseconds happens in one moment */
    private readonly grainMs = 1,
  ) {}

  get nowMs(): number {
    return this.clock.now().getTime();
  }

  /** Resolves when the actors have nothing to do but wait for the clock. */
  async settle(): Promise<void> {
    let before = this.mark();
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      await turn();
      const mark = this.mark();
      quiet = mark === before ? quiet + 1 : 0;
      before = mark;
      if (quiet >= IDLE_TURNS && this.isIdle) return;
    }
  }

  private get isIdle(): boolean {
    return Object.values(this.world.hubs).every(({ actors }) => actors.isIdle);
  }

  /** From one due moment to the next, until `ms` have passed. @param each after every moment; false ends it there */
  async run(ms: number, each: () => Promise<boolean> | boolean = () => true): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      const due = this.nextDueMs();
      const last = due === null || due > endMs;
      await this.leapTo(last ? endMs : due);
      if (!(await each()) || last) return;
    }
  }

  /** Straight there: what lies between is due all at once, as after a sleep of the machine. */
  async leap(ms: number): Promise<void> {
    await this.leapTo(this.nowMs + ms);
  }

  private async leapTo(atMs: number): Promise<void> {
    this.clock.set(new Date(Math.max(atMs, this.nowMs)));
    for (const { actors } of Object.values(this.world.hubs)) actors.look();
    await this.settle();
  }

  /** Strictly later than now: what is due now is under way, or waits for a worker. */
  private nextDueMs(): number | null {
    const dues = Object.values(this.world.hubs).flatMap(({ actors }) => actors.nextDueMs ?? []);
    return dues.length === 0 ? null : Math.max(Math.min(...dues), this.nowMs + this.grainMs);
  }

  private mark(): number {
    return this.hubs.reduce((sum, hub) => sum + hub.store.revision + hub.ledger.requests, 0);
  }
}
