import type { ShiftableClock } from '../common/clock.js';
import type { Fleet } from '../simulator/scenarios/fleet.js';
import { demoFleet } from '../simulator/scenarios/fleet.js';
import { startWorld, type World } from '../simulator/scenarios/world.js';
import type { Stage } from './story.types.js';
import { SimulatedHub } from '../simulator/simulated-hub.js';

const EAST = 'hub-east';
const WEST = 'hub-west';
const MINUTE_MS = 60_000;

/** What stands behind the story: two hubs over real HTTPS, their clusters, the storage that they share, and the time. */
export class Backdrop implements Stage {
  private constructor(
    private readonly clock: ShiftableClock,
    private readonly fleet: Fleet,
    private readonly hubs: ReadonlyMap<string, SimulatedHub>,
    private readonly world: World,
  ) {}

  static async raise(clock: ShiftableClock, clusters: number, seed: number): Promise<Backdrop> {
    const fleet = demoFleet({ count: clusters, seed, source: EAST, target: WEST });
    const hubs = new Map<string, SimulatedHub>();
    for (const [index, name] of [EAST, WEST].entries()) {
      hubs.set(name, await SimulatedHub.start({ name, clusterId: `0000000${index + 1}-1111-4222-8333-444444444444`, clock, seed: seed + index }));
    }
    const world = await startWorld({
      clock, fleet, seed,
      // Lifeboat keeps the tokens; the operator backs up, restores and does nothing about tokens.
      hubs: [
        { hub: hubs.get(EAST)!, tokens: 'off', components: { managedServiceAccount: false }, upkeep: { evictionGrace: '24h' }, switches: { suffixesDiffer: 0.2, queueWaits: 0.4 } },
        { hub: hubs.get(WEST)!, tokens: 'off', components: { managedServiceAccount: false }, upkeep: { evictionGrace: '24h' }, switches: { importLoopEarly: 0.5, importLoopTwice: 0.5 } },
      ],
    });
    return new Backdrop(clock, fleet, hubs, world);
  }

  get clusterCount(): number {
    return this.fleet.clusters.length + 1;
  }

  get clustersWithoutToken(): number {
    return this.fleet.counts.asleep + this.fleet.counts.lateToken;
  }

  kubeconfig(name: string): string {
    return this.hub(name).kubeconfig();
  }

  address(name: string): string {
    return this.hub(name).url;
  }

  loseSomeClusters(): number {
    const names = this.fleet.names('unreachable');
    for (const name of names) this.world.clusters.get(name).sleep();
    return names.length + this.fleet.counts.asleep;
  }

  async loseEast(): Promise<void> {
    await this.world.cutOff(EAST);
  }

  async letAMomentPass(): Promise<void> {
    this.clock.advance(2_000);
  }

  async advanceMinutes(minutes: number): Promise<void> {
    this.clock.advance(minutes * MINUTE_MS);
  }

  async stop(): Promise<void> {
    await this.world.stop();
    await Promise.all([...this.hubs.values()].map((hub) => hub.stop()));
  }

  private hub(name: string): SimulatedHub {
    const hub = this.hubs.get(name);
    if (!hub) throw new Error(`There is no hub ${name}`);
    return hub;
  }
}
