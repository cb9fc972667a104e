import { Injectable } from '@nestjs/common';
import { predictedOutcomeOfCode } from '../../readiness/cluster-verdict.rules.js';
import { Config } from '../../config/config.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import { HubViewService } from '../hub-view.service.js';
import type { ImportRow, ImportUpdate, Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';

/** How long a cluster that was back may be away again before it counts as lost. */
const PATIENCE_MS = 60_000;
const NAMES_TOLD = 100;

/** Looks at every cluster once more, and tells what came otherwise than predicted. */
@Injectable()
export class VerifyingStep implements Step {
  readonly name = 'VERIFYING';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly repository: FailoversRepository,
    private readonly config: Config,
  ) {}

  intend(): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'verify' } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    const client = await this.connections.clientFor(failover.targetHubId);
    const [clusters, rows] = await Promise.all([this.view.clusters(client, run.signal), this.repository.imports(failover.id)]);
    const available = new Set(clusters.filter((cluster) => cluster.available.status === 'TRUE').map((cluster) => cluster.name));
    const away = rows.filter((row) => row.state === 'RECONNECTED' && !available.has(row.cluster));
    const since = failover.steps.get(this.name)?.intentAt ?? run.now();
    if (away.length > 0 && run.now().getTime() - since.getTime() < PATIENCE_MS) return { kind: 'WAIT', lookAgainMs: this.config.failoverPollMs };
    const lost = away.map((row): ImportUpdate => ({
      ...row, state: 'NOT_RECONNECTED', outcomeCode: 'CLUSTER_UNREACHABLE', message: 'The cluster was available and is so no longer', finishedAt: run.now(),
    }));
    const final = rows.map((row) => ({ ...row, ...lost.find((one) => one.cluster === row.cluster) }));
    const surprises = surprisesAmong(final);
    const summary = surprises.length === 0 ? `Every one of ${final.length} clusters ended as predicted` : `${surprises.length} of ${final.length} clusters ended otherwise than predicted`;
    const data = { clusters: final.length, surprises: surprises.length, differing: surprises.slice(0, NAMES_TOLD) };
    return { kind: 'NEXT', to: 'AWAITING_COMMIT', result: 'DONE', outcome: { clusters: final.length, surprises: surprises.length }, write: { imports: lost, notes: [{ type: 'verified', summary, data }] } };
  }
}

/** A cluster that is back is back, whether somebody had to import it or not. */
const isBack = (outcome: string | null): boolean => outcome === 'RECONNECTED' || outcome === 'ALREADY_AVAILABLE';

function surprisesAmong(rows: readonly ImportRow[]): { cluster: string; predicted: string | null; actual: string | null }[] {
  return rows
    .map((row) => ({ cluster: row.cluster, predicted: predictedOutcomeOfCode(row.predictedVerdict, row.predictedCode), actual: row.outcomeCode }))
    .filter(({ predicted, actual }) => predicted !== actual && !(isBack(predicted) && isBack(actual)));
}
