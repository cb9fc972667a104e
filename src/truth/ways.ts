import { nextProbeAt, provenForMs } from '../probes/probe-times.rules.js';
import type { ProbesRepository } from '../probes/probes.repository.js';
import type { PathAnswer } from '../probes/probes.types.js';
import { pathAnswerOf } from '../probes/proxy-answer.rules.js';
import type { World } from '../simulator/scenarios/world.js';
import type { PlannedCluster, WorldPlan } from './world-plan.js';

const POD = 'the-pod-of-a-probe';

/** What a kube-apiserver says that asked a cluster for its version through the proxy of a Pod, in its own words. */
const said = (status: number, message: string): PathAnswer => pathAnswerOf({ status, message, reason: null, kind: null, name: null }, POD, true);
const REACHED = said(403, 'forbidden: User "system:anonymous" cannot get path "/version"');
const VANISHED = said(503, 'error trying to reach service: dial tcp 203.0.113.7:6443: i/o timeout');
const UNCLEAR = said(503, 'error trying to reach service: EOF');

const PROBED_EARLY: ReadonlySet<PlannedCluster['probe']> = new Set(['EARLY', 'BOTH', 'THEN_IN_VAIN']);
const PROBED_LATE: ReadonlySet<PlannedCluster['probe']> = new Set(['LATE', 'BOTH']);

/** The ways from the target to the clusters, probed in the place of the prober: the world is asked, and what it says is written as a probe's answer is. */
export class Ways {
  private readonly learned = new Map<string, { readonly reached: boolean; readonly at: Date }>();

  constructor(
    private readonly plan: WorldPlan,
    private readonly world: World,
    private readonly probes: ProbesRepository,
    private readonly planId: string,
    private readonly target: { readonly id: string; readonly name: string },
  ) {}

  /** While the source lives. */
  async probeEarly(now: Date): Promise<void> {
    await this.probe(now, ({ probe }) => (PROBED_EARLY.has(probe) ? 'ASK' : probe === 'IN_VAIN' ? 'IN_VAIN' : null));
  }

  /** Shortly before the failover. A refusal is probed again every hour, and a proof before it is too old: what is no longer true has been found out. */
  async probeLate(now: Date): Promise<void> {
    await this.probe(now, ({ name, probe }) => (PROBED_LATE.has(probe) || this.isOutdated(name, now) ? 'ASK' : probe === 'IN_VAIN' || probe === 'THEN_IN_VAIN' ? 'IN_VAIN' : null));
  }

  private isOutdated(cluster: string, now: Date): boolean {
    const learned = this.learned.get(cluster);
    if (learned === undefined || learned.reached === this.isOpen(cluster)) return false;
    return !learned.reached || now.getTime() - learned.at.getTime() <= provenForMs(this.plan.probeIntervalSeconds);
  }

  private isOpen(cluster: string): boolean {
    return this.world.clusters.find(cluster)?.isReachableFrom(this.target.name) === true;
  }

  private async probe(now: Date, how: (cluster: PlannedCluster) => 'ASK' | 'IN_VAIN' | null): Promise<void> {
    const asked = new Map(this.plan.clusters.map((cluster) => [cluster.name, how(cluster)]));
    for (const [cluster, what] of asked) if (what !== null) await this.probes.askNow(this.planId, cluster, now);
    for (const path of await this.probes.claim(this.target.id, asked.size, now)) {
      // What is due by itself and is not to be probed in this world: as if the prober had been away.
      if (asked.get(path.cluster) == null) {
        await this.probes.release(path, now);
        continue;
      }
      const answer = asked.get(path.cluster) === 'IN_VAIN' ? UNCLEAR : this.isOpen(path.cluster) ? REACHED : VANISHED;
      if (answer.state !== 'UNKNOWN') this.learned.set(path.cluster, { reached: answer.state === 'PROVEN', at: now });
      await this.probes.record(path, answer, null, path.isRegular ? nextProbeAt(answer.state, `${path.planId}/${path.cluster}`, path.intervalSeconds, now) : null, now);
    }
  }
}
