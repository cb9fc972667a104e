import { ShiftableClock } from '../../src/common/clock.js';
import { resources } from '../../src/kube/resources.js';
import { isTerminal } from '../../src/recovery/failovers/failover-transitions.rules.js';
import type { FailoverDetail, FailoverStatus } from '../../src/recovery/failovers/failovers.types.js';
import type { Plan } from '../../src/recovery/plans/plans.types.js';
import { demoFleet, type Fleet } from '../../src/simulator/scenarios/fleet.js';
import { backupSchedule, eastAndWest, eventually, finishedSet, phaseIn, syncedTo, type TestWorld, type TestWorldOptions } from '../../src/simulator/scenarios/world-testing.js';
import type { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { testConfig } from './parts.js';
import { recordFacts, RecoveryParts } from './recovery-parts.js';

export const BACKUPS = 'open-cluster-management-backup';
export const ann = { actor: 'ann', reason: 'hub-east burns', correlation: { system: 'snow', number: 'CHG1' } };
export const bob = { actor: 'bob', reason: 'seen it too' };

/** A fleet on east, protected and backed up, everything synced to west, and both hubs registered. */
export class Stage {
  clock = new ShiftableClock();
  world!: TestWorld;
  recovery!: RecoveryParts;
  plan!: Plan;
  source!: { id: string; hub: SimulatedHub };
  target!: { id: string; hub: SimulatedHub };

  constructor(readonly fleet: Fleet = demoFleet({ count: 24, seed: 7, source: 'east', target: 'west' }), private readonly options: Partial<TestWorldOptions> = {}) {}

  async raise(plan: Partial<Plan> = {}): Promise<void> {
    this.world = await eastAndWest({ clock: this.clock, fleet: this.fleet, seed: 7, ...this.options });
    const { world, east, west } = this.world;
    const awake = this.fleet.clusters.length - this.fleet.names('asleep').length;
    await eventually('the fleet on east', async () => (await world.availableOn('east')).length === awake);
    await world.hub('east').client.create(resources.backupSchedule, backupSchedule());
    await finishedSet(east);
    await eventually('the schedule is enabled', () => phaseIn(east, resources.backupSchedule, 'schedule-acm') === 'Enabled');
    await syncedTo(world, west);
    this.recovery = await RecoveryParts.open(this.clock, testConfig());
    this.source = { id: await this.recovery.register(east), hub: east };
    this.target = { id: await this.recovery.register(west), hub: west };
    await recordFacts(this.recovery, this.source, this.target, world.bucket);
    this.plan = await this.recovery.plans.create({ name: 'east to west', sourceHubId: this.source.id, targetHubId: this.target.id, importWindowSeconds: 10, ...plan }, ann);
  }

  async strike(): Promise<void> {
    await this.recovery?.close();
    await this.recovery?.parts.database.drop();
    await this.world?.stop();
  }

  /** Carries it on, as a worker would, until it has the status; the clock is moved so that windows end. */
  async until(failoverId: string, status: FailoverStatus | 'ENDED' | 'ATTENTION', moveMs = 0): Promise<FailoverDetail> {
    return eventually(`${status}`, async () => {
      await this.recovery.machine.advance(failoverId);
      const failover = await this.recovery.failovers.get(failoverId);
      if (failover.status === status || (status === 'ENDED' && isTerminal(failover.status)) || (status === 'ATTENTION' && failover.needsAttention)) return failover;
      if (moveMs > 0) this.clock.advance(moveMs);
      if (isTerminal(failover.status)) throw new Error(`It ended in ${failover.status}: ${JSON.stringify(failover.problem)}`);
      return null;
    }, 40_000);
  }

  async start(): Promise<string> {
    return (await this.recovery.failovers.start({ planId: this.plan.id, kind: 'DISASTER' }, ann)).id;
  }

  restoresMade(): number {
    return this.target.hub.ledger.writes({ verb: 'create', resource: 'restores', group: 'cluster.open-cluster-management.io', changed: true }).length;
  }

  async outcomes(failoverId: string): Promise<Map<string, string | null>> {
    const page = await this.recovery.imports.list(failoverId, {}, { by: 'cluster', direction: 'ASC' }, { limit: 200 });
    return new Map(page.items.map((one) => [one.cluster, one.outcomeCode]));
  }

  /** Begins and approves one, and carries it on to the status. */
  async approved(status: FailoverStatus, moveMs = 0): Promise<string> {
    const id = await this.start();
    await this.until(id, 'PENDING_APPROVAL');
    await this.recovery.failovers.decide(id, { decision: 'APPROVED' }, bob);
    await this.until(id, status, moveMs);
    return id;
  }

  async eventTypes(failoverId: string): Promise<string[]> {
    return (await this.recovery.failovers.eventsAfter(failoverId, 0)).map((event) => event.type);
  }
}
