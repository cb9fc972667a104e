import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import type { HubClient } from '../../kube/hub-client.js';
import type { TargetView } from '../imports/importer.service.js';
import type { Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';
import type { StepFacts } from './failovers.types.js';
import { ImportPass } from './import-pass.service.js';

/** Brings the clusters back, until each import has ended: back, hopeless without a person, or out of time. */
@Injectable()
export class ImportingStep implements Step {
  readonly name = 'IMPORTING';

  constructor(
    private readonly connections: HubConnections,
    private readonly repository: FailoversRepository,
    private readonly pass: ImportPass,
    private readonly config: Config,
  ) {}

  intend(run: StepRun): Promise<Intention> {
    const windowEndsAt = new Date(run.now().getTime() + run.failover.plan.importWindowSeconds * 1000);
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'import', windowEndsAt: windowEndsAt.toISOString() } });
  }

  async act(run: StepRun, intent: StepFacts): Promise<StepAnswer> {
    const { failover } = run;
    const client = await this.connections.clientFor(failover.targetHubId);
    const windowEndsAt = new Date(String(intent['windowEndsAt']));
    const seen = await this.addUnforeseen(run, client);
    const { updates, notes, open } = await this.pass.run(run, client, await this.repository.imports(failover.id), () => windowEndsAt, seen);
    if (open > 0) return { kind: 'WAIT', lookAgainMs: this.config.failoverPollMs, write: { imports: updates, notes } };
    return { kind: 'NEXT', to: 'VERIFYING', result: 'DONE', outcome: { windowEndsAt: windowEndsAt.toISOString() }, write: { imports: updates, notes } };
  }

  /** Once: what the restore brought beyond what was known. @returns the look at the target that it took; null: none */
  private async addUnforeseen(run: StepRun, client: HubClient): Promise<TargetView | null> {
    const { failover } = run;
    if (failover.steps.get(this.name)?.outcome?.['lookedForMore'] === true) return null;
    const seen = await this.pass.look(client, run.signal);
    const more = this.pass.unforeseen(seen, await this.repository.imports(failover.id), failover.restore?.veleroRestores.map((one) => one.name) ?? []);
    const names = more.map((one) => one.cluster).sort();
    const notes = more.length === 0 ? [] : [{ type: 'imports.unforeseen', summary: `The restore brought ${more.length} clusters that were not known: ${names.slice(0, 5).join(', ')}`, data: { clusters: names.slice(0, 50) } }];
    await run.write({ step: { outcome: { lookedForMore: true } }, newImports: more, notes });
    return seen;
  }
}
