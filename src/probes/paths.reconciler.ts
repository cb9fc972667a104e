import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { inParallel } from '../common/in-parallel.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { Jobs } from '../jobs/jobs.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import { computeReadiness } from '../readiness/compute-readiness.job.js';
import { paceOf } from './pace.js';
import { PathProber } from './path-prober.service.js';
import { nextProbeAt } from './probe-times.rules.js';
import type { PathAnswer } from './probes.types.js';
import { ProbesRepository, type DuePath } from './probes.repository.js';

/** Ways in one claim: so many that a hub is busy, so few that a worker which ends soon loses little. */
const BATCH = 20;
const SOON_MS = 1;

/**
 * Probes the ways of one target hub that are due, some at a time and no faster than the hub is asked to stand.
 *
 *   arranged (new cluster, other URL, interval over, somebody asks) ─▶ due ─▶ claimed ─▶ probed from the hub, and from here ─▶ recorded, next time set
 *                                                                      ▲         └ a process that dies: due again after ten minutes
 *                                                                      └─ what was not begun: at once
 */
@Injectable()
export class PathsReconciler {
  private readonly logger = new Logger(PathsReconciler.name);

  constructor(
    private readonly repository: ProbesRepository,
    private readonly prober: PathProber,
    private readonly connections: HubConnections,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
  ) {}

  /** @returns when to look again: more was due than one claim */
  async probeHub(hubId: string, signal?: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const due = await this.repository.claim(hubId, BATCH, this.clock.now());
    if (due.length === 0) return undefined;
    const client = await this.connections.clientOrRefusal(hubId);
    const { perSecond, inFlight } = this.prober.limits;
    const turn = paceOf(perSecond);
    let away: PathAnswer | null = client instanceof DomainError ? { state: 'UNKNOWN', code: 'HUB_AWAY', detail: `the target hub cannot be called: ${client.message}` } : null;
    await inParallel(due, inFlight, async (path) => {
      if (client instanceof DomainError || away !== null) return this.record(path, away);
      await turn();
      if (signal?.aborted === true) return this.repository.release(path, this.clock.now());
      const answer = await this.probe(client, path, signal);
      // A hub that is away is not asked for the others.
      if (answer?.code === 'HUB_AWAY' || answer?.code === 'HUB_BUSY') away = answer;
    });
    await this.jobs.enqueueMany(computeReadiness, [...new Set(due.map(({ planId }) => planId))].map((planId) => ({ planId })));
    return due.length < BATCH || signal?.aborted === true ? undefined : { againInMs: SOON_MS };
  }

  /** Pods that a process left on a target hub when it died. */
  async removeLeftovers(signal: AbortSignal): Promise<void> {
    for (const hubId of await this.repository.probedHubs()) {
      const client = await this.connections.clientOrRefusal(hubId);
      if (signal.aborted || client instanceof DomainError) continue;
      try {
        const removed = await this.prober.removeLeftovers(client, signal);
        if (removed > 0) this.logger.warn({ hub: hubId, removed }, 'Pods of probes were left on a hub, and are removed');
      } catch (error) {
        if (!isKubeError(error)) throw error;
        // The hub is away, or the right is missing: then no Pod of ours can be there either.
        this.logger.debug({ hub: hubId, code: error.code }, 'Pods of probes could not be looked for');
      }
    }
  }

  private async probe(client: HubClient, path: DuePath, signal: AbortSignal | undefined): Promise<PathAnswer | null> {
    const [answer, own] = await Promise.all([this.prober.fromHub(client, path.apiUrl, signal), this.prober.fromHere(path.apiUrl, signal)]);
    if (signal?.aborted === true) {
      // What was called off in the middle says nothing.
      await this.repository.release(path, this.clock.now());
      return null;
    }
    await this.record(path, answer, own);
    return answer;
  }

  private async record(path: DuePath, answer: PathAnswer | null, own: Parameters<ProbesRepository['record']>[2] = null): Promise<void> {
    if (answer === null) return;
    const now = this.clock.now();
    // A refusal is looked at again also where the plan assumes the way: it stands until a probe succeeds.
    const isAgain = path.isRegular || answer.state === 'REFUSED';
    await this.repository.record(path, answer, own, isAgain ? nextProbeAt(answer.state, `${path.planId}/${path.cluster}`, path.intervalSeconds, now) : null, now);
  }
}
