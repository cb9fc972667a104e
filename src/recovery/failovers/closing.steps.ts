import { Injectable } from '@nestjs/common';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import { HubViewService } from '../hub-view.service.js';
import type { Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';

/** After a disaster nothing on the source is to be cleaned: it passes. */
@Injectable()
export class CommitStep implements Step {
  readonly name = 'AWAITING_COMMIT';

  intend(): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'pass' } });
  }

  act(): Promise<StepAnswer> {
    const notes = [{ type: 'commit.passed', summary: 'Nothing on the source is to be cleaned, so no commit is asked for' }];
    return Promise.resolve({ kind: 'NEXT', to: 'REPROTECTING', result: 'DONE', outcome: { asked: false }, write: { notes } });
  }
}

/** Tells whether the fleet has backups again on the hub that took it over. */
@Injectable()
export class ReprotectStep implements Step {
  readonly name = 'REPROTECTING';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly repository: FailoversRepository,
  ) {}

  intend(run: StepRun): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'look-for-schedule', hubId: run.failover.targetHubId } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    const client = await this.connections.clientFor(failover.targetHubId);
    const schedules = await this.view.schedules(client, run.signal);
    const running = schedules.filter((schedule) => schedule.phase === 'Enabled' && !schedule.paused).map((schedule) => schedule.name);
    const note = running.length > 0
      ? { type: 'reprotect.schedule_runs', summary: `Hub ${failover.target.name} makes backups: ${running.sort().join(', ')}`, data: { hubId: failover.targetHubId } }
      : { type: 'finding.recorded', summary: `Hub ${failover.target.name} took over the fleet and has no BackupSchedule: until one is made there are no new backups`, data: { code: 'NEW_HUB_HAS_NO_SCHEDULE', hubId: failover.targetHubId } };
    const rows = await this.repository.imports(failover.id);
    const left = rows.filter((row) => row.state !== 'RECONNECTED' && row.state !== 'NOT_NEEDED').length;
    const to = left === 0 ? 'COMPLETED' : 'COMPLETED_WITH_EXCEPTIONS';
    const back = rows.filter((row) => row.state === 'RECONNECTED').length;
    const end = { type: 'failover.ended', summary: left === 0 ? `Completed: ${back} clusters are back` : `Completed with exceptions: ${back} clusters are back, ${left} are not`, data: { reconnected: back, notReconnected: left } };
    return { kind: 'NEXT', to, result: 'DONE', outcome: { scheduleRuns: running.length > 0 }, write: { notes: [note, end] } };
  }
}
