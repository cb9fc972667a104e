import { Injectable } from '@nestjs/common';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import { HubViewService } from '../hub-view.service.js';
import type { Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import type { FailoverProblem } from './failovers.types.js';
import { SourceFencer } from './source-fencer.service.js';
import { isPassing, problem, toldAs } from './step-help.js';

const PATIENCE_MS = 60_000;
const ASK_AGAIN_MS = 3_000;

/** Takes the fencing back: nothing was restored, so the source goes on as before. */
@Injectable()
export class UndoingStep implements Step {
  readonly name = 'UNDOING';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly fencer: SourceFencer,
  ) {}

  intend(run: StepRun): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'unfence', hubId: run.failover.sourceHubId, hub: run.failover.source.name, because: run.failover.problem } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    try {
      const client = await this.connections.clientFor(failover.sourceHubId);
      if (!(await this.view.answers(client, run.signal))) return this.silent(run);
      run.assertHeld();
      const remaining = await this.fencer.unfence(client, failover.id, run.signal);
      run.effectMade();
      if (remaining.length > 0) return this.attention(run, `${remaining.length} resources are still stopped, the first is ${remaining[0]}`);
      return this.over(run, `The fencing of hub ${failover.source.name} is taken back`, { unfenced: true });
    } catch (error) {
      if (isPassing(error)) return this.silent(run);
      const told = toldAs(error);
      if (told === null || run.signal.aborted) throw error;
      return this.attention(run, told);
    }
  }

  /** A source that could not be fenced has nothing to be taken back; one that was, and is silent now, is told as it is. */
  private silent(run: StepRun): StepAnswer {
    const { failover } = run;
    if (failover.source.fencing === 'NOT_POSSIBLE') return this.over(run, `Hub ${failover.source.name} was never fenced`, { unfenced: false });
    const since = failover.steps.get('UNDOING')?.intentAt ?? run.now();
    if (run.now().getTime() - since.getTime() < PATIENCE_MS) return { kind: 'WAIT', lookAgainMs: ASK_AGAIN_MS };
    return this.attention(run, 'it does not answer');
  }

  private attention(run: StepRun, why: string): StepAnswer {
    return { kind: 'ATTENTION', problem: problem('FENCING_FAILED', `The fencing of hub ${run.failover.source.name} could not be taken back: ${why}`) };
  }

  private over(run: StepRun, summary: string, outcome: Record<string, unknown>): StepAnswer {
    const { failover } = run;
    // What brought it here; troubles on the way back are another matter
    const because = (failover.steps.get(this.name)?.intent?.['because'] ?? null) as FailoverProblem | null;
    return {
      kind: 'NEXT', to: because === null ? 'CANCELLED' : 'FAILED', result: 'DONE', outcome, write: { set: { problem: because }, fencing: { hubId: failover.sourceHubId, to: 'NONE' }, notes: [{ type: 'source.unfenced', summary, data: outcome }] },
    };
  }
}
