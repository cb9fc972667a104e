import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { inParallel } from '../common/in-parallel.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { Jobs } from '../jobs/jobs.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError, type KubeErrorCode } from '../kube/kube-error.js';
import { computeReadiness } from '../readiness/compute-readiness.job.js';
import { DeepChecker } from './deep-checker.service.js';
import { isNoGood, nextDeepCheckAt, nothingToTry, notTried, tokenToTry, tokenToTryNext } from './deep-check.rules.js';
import { DeepChecksRepository, type DueCheck } from './deep-checks.repository.js';
import { paceOf } from './pace.js';
import type { DeepAnswer, OtherToken, TriedToken } from './probes.types.js';

/** Clusters in one claim: so many that the pace is kept, so few that a worker which ends soon loses little. */
const BATCH = 20;
const SOON_MS = 1;
/** What says that the hub will not give the others either. */
const AWAY: ReadonlySet<KubeErrorCode> = new Set(['HUB_UNREACHABLE', 'HUB_TIMEOUT', 'HUB_TLS_FAILED', 'HUB_UNAUTHORIZED', 'HUB_FORBIDDEN', 'HUB_BUSY_THROTTLED']);

/**
 * Tries the tokens of one source hub's clusters that are due, some at a time and no faster than the hub is asked to stand.
 *
 *   arranged (new cluster, other URL, refreshed token, a day is over, somebody asks) ─▶ due ─▶ claimed ─▶ token read, tried, forgotten ─▶ recorded, next time set
 *                                                                                       ▲         └ a process that dies: due again after ten minutes
 *                                                                                       └─ what was not begun: at once
 */
@Injectable()
export class DeepChecksReconciler {
  constructor(
    private readonly repository: DeepChecksRepository,
    private readonly checker: DeepChecker,
    private readonly connections: HubConnections,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
  ) {}

  /** @returns when to look again: more was due than one claim */
  async checkHub(hubId: string, signal?: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const due = await this.repository.claim(hubId, BATCH, this.clock.now());
    if (due.length === 0) return undefined;
    const client = await this.connections.clientOrRefusal(hubId);
    const { perSecond, inFlight } = this.checker.limits;
    const plans = new Set<string>();
    const turn = paceOf(perSecond);
    let away: DeepAnswer | null = client instanceof DomainError ? hubAway(client) : null;
    await inParallel(due, inFlight, async (one) => {
      const triedAt = this.clock.now();
      const token = tokenToTry(one.tokens, triedAt);
      let answer = token === null ? nothingToTry : away;
      let other: OtherToken | null = null;
      if (token !== null && answer === null && !(client instanceof DomainError)) {
        await turn();
        if (signal?.aborted !== true) {
          const { word, isHubAway } = await this.tried(client, one, token, signal);
          answer = word;
          // A hub that is away is not asked for the others.
          if (isHubAway) away = word;
          const next = isNoGood(word.state) ? tokenToTryNext(one.tokens, token, triedAt) : null;
          if (next !== null) {
            await turn();
            const { word: said } = await this.tried(client, one, next, signal);
            other = { account: next.account, state: said.state, refreshedAt: next.refreshedAt };
            answer = { ...word, detail: `${word.detail}; ${said.detail}` };
          }
        }
        // What was called off in the middle says nothing.
        if (signal?.aborted === true) return this.repository.release(one, this.clock.now());
      }
      for (const planId of await this.recorded(one, token, answer ?? nothingToTry, other, triedAt)) plans.add(planId);
    });
    await this.jobs.enqueueMany(computeReadiness, [...plans].map((planId) => ({ planId })));
    return due.length < BATCH || signal?.aborted === true ? undefined : { againInMs: SOON_MS };
  }

  private async tried(client: HubClient, { cluster, apiUrl }: DueCheck, { account }: TriedToken, signal: AbortSignal | undefined): Promise<{ word: DeepAnswer; isHubAway: boolean }> {
    try {
      return { word: await this.checker.check(client, cluster, apiUrl, account, signal), isHubAway: false };
    } catch (error) {
      if (!isKubeError(error)) throw error;
      return { word: hubAway(error), isHubAway: AWAY.has(error.code) };
    }
  }

  private recorded(one: DueCheck, token: TriedToken | null, answer: DeepAnswer, other: OtherToken | null, triedAt: Date): Promise<string[]> {
    const now = this.clock.now();
    return this.repository.record(one, token, answer, other, nextDeepCheckAt(answer.state, `${one.hubId}/${one.cluster}`, now), triedAt, now);
  }
}

/** By its code alone. */
const hubAway = ({ code }: DomainError): DeepAnswer => notTried(`the source hub does not give the token (${code})`);
