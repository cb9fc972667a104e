import { Injectable } from '@nestjs/common';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import type { HubClient } from '../../kube/hub-client.js';
import { HubViewService } from '../hub-view.service.js';
import type { Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';
import { SourceFencer } from './source-fencer.service.js';
import { isPassing, problem, toldAs } from './step-help.js';

/** How long a source that has answered before may be silent until it is taken for lost. */
const PATIENCE_MS = 30_000;
const ASK_AGAIN_MS = 3_000;

/**
 * Stops the source from acting on what will move. A source that does not answer cannot be fenced: that is recorded, and a standing
 * intent fences it as soon as it returns.
 */
@Injectable()
export class FencingStep implements Step {
  readonly name = 'FENCING';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly fencer: SourceFencer,
    private readonly repository: FailoversRepository,
  ) {}

  intend(run: StepRun): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'fence', hubId: run.failover.sourceHubId, hub: run.failover.source.name } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    const client = await this.connections.clientFor(failover.sourceHubId).catch((error: unknown) => (toldAs(error) === null ? Promise.reject(error) : null));
    if (client === null || !(await this.view.answers(client, run.signal))) return this.silent(run);
    return this.fence(run, client);
  }

  private async fence(run: StepRun, client: HubClient): Promise<StepAnswer> {
    const { failover } = run;
    const moving = new Set((await this.repository.imports(failover.id)).map((one) => one.cluster));
    try {
      run.assertHeld();
      const report = await this.fencer.fence(client, failover.id, moving, run.signal);
      run.effectMade();
      if (report.remaining.length > 0) return { kind: 'ATTENTION', problem: problem('FENCING_FAILED', `Hub ${failover.source.name}: ${report.remaining.length} resources could not be stopped, the first is ${report.remaining[0]}`) };
      const summary = `Hub ${failover.source.name} is fenced: ${report.pausedSchedules.length} BackupSchedules paused, auto-import stopped for ${report.annotated} clusters`;
      return { kind: 'NEXT', to: 'RESTORING', result: 'DONE', outcome: { ...report }, write: { fencing: { hubId: failover.sourceHubId, to: 'FENCED' }, notes: [{ type: 'source.fenced', summary, data: { ...report } }] } };
    } catch (error) {
      if (isPassing(error)) return this.silent(run);
      const told = toldAs(error);
      if (told === null || run.signal.aborted) throw error;
      return { kind: 'ATTENTION', problem: problem('FENCING_FAILED', `Hub ${failover.source.name}: ${told}`) };
    }
  }

  /** A hub that answered at the checks is given some time; one that did not is taken at its silence. */
  private silent(run: StepRun): StepAnswer {
    const { failover } = run;
    const since = failover.steps.get('FENCING')?.intentAt ?? run.now();
    const answeredBefore = failover.pinned?.sourceAnswers === true;
    if (answeredBefore && run.now().getTime() - since.getTime() < PATIENCE_MS) return { kind: 'WAIT', lookAgainMs: ASK_AGAIN_MS };
    const summary = `Hub ${failover.source.name} does not answer and cannot be fenced; it will be as soon as it returns`;
    return {
      kind: 'NEXT', to: 'RESTORING', result: 'NOT_POSSIBLE', outcome: { hubId: failover.sourceHubId, answered: false },
      write: { fencing: { hubId: failover.sourceHubId, to: 'NOT_POSSIBLE' }, notes: [{ type: 'source.fencing_not_possible', summary, data: { hubId: failover.sourceHubId } }] },
    };
  }
}
