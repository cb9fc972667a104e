import type { Clock } from '../common/clock.js';
import type { HubConnections } from '../hubs/hub-connections.service.js';
import type { Jobs } from '../jobs/jobs.js';
import type { HubClient } from '../kube/hub-client.js';
import { KubeError } from '../kube/kube-error.js';
import { resources } from '../kube/resources.js';
import { emptySecret, notTried, wordlessCluster, wordOfCluster } from '../probes/deep-check.rules.js';
import { DeepChecker } from '../probes/deep-checker.service.js';
import { DeepChecksReconciler } from '../probes/deep-checks.reconciler.js';
import type { DeepChecksRepository } from '../probes/deep-checks.repository.js';
import type { DeepAnswer } from '../probes/probes.types.js';
import type { TruthWorld } from './truth-world.js';

/** No world waits for the pace. */
const LIMITS = { callMs: 10_000, perSecond: 1_000_000, inFlight: 1 };

/** Asks the world in the place of a cluster, and says it in the checker's own words. */
class WorldChecker extends DeepChecker {
  constructor(
    connections: HubConnections,
    private readonly truth: TruthWorld,
  ) {
    super(connections, LIMITS);
  }

  override check(_hub: HubClient, cluster: string, apiUrl: string, account: string): Promise<DeepAnswer> {
    return Promise.resolve(this.answerOf(cluster, apiUrl, account));
  }

  private answerOf(name: string, apiUrl: string, account: string): DeepAnswer {
    const { east, world } = this.truth;
    if (this.truth.sourceIsDead) throw new KubeError('HUB_UNREACHABLE', 'the source hub is dead');
    const secret = east.object(resources.secret, { name: account, namespace: name });
    if (secret === null) return notTried('the source hub holds no such Secret');
    const token = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString('utf8');
    if (token === '') return emptySecret(account);
    const cluster = world.clusters.find(name);
    // From where Lifeboat stands each cluster is reached that is awake and closed to nobody.
    if (cluster === undefined || cluster.apiUrl !== apiUrl || cluster.isAsleep || this.truth.isClosedToAll(name)) return wordlessCluster(account, new KubeError('HUB_TIMEOUT', 'nobody answers'));
    const verdict = cluster.reviewToken(token, world.clock.now());
    return verdict.ok ? wordOfCluster(account, cluster.mayUpdateBootstrap(verdict.subject)) : wordlessCluster(account, new KubeError('HUB_UNAUTHORIZED', 'refused'));
  }
}

/** The tokens tried on the clusters: what is due and what is written down is the service's own doing. */
export class TokenTrials {
  private readonly reconciler: DeepChecksReconciler;

  constructor(
    private readonly repository: DeepChecksRepository,
    connections: HubConnections,
    jobs: Jobs,
    private readonly clock: Clock,
    truth: TruthWorld,
    private readonly hubId: string,
    private readonly planId: string,
  ) {
    this.reconciler = new DeepChecksReconciler(repository, new WorldChecker(connections, truth), connections, jobs, clock);
  }

  /** Of every cluster: somebody asks, since worlds that are played side by side do not share a clock by which a day could be over. */
  async tryAll(): Promise<void> {
    await this.repository.arrange(this.clock.now());
    await this.repository.askNow(this.planId, null, this.clock.now());
    while ((await this.reconciler.checkHub(this.hubId)) !== undefined);
  }
}
