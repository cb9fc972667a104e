import { Injectable } from '@nestjs/common';
import { namesHash } from './content-hash.rules.js';
import type { Intention, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';

/** A decision wakes the failover at once; this is for what changes by itself. */
const LOOK_AGAIN_MS = 15_000;

/** Waits for another person's approval of exactly what was pinned. */
@Injectable()
export class ApprovalStep implements Step {
  readonly name = 'PENDING_APPROVAL';

  constructor(private readonly repository: FailoversRepository) {}

  intend(): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'await-approval' } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    const { pinned, contentHash } = failover;
    const clustersHash = namesHash(await this.repository.clustersOf(failover.sourceHubId));
    if (pinned === null || failover.plan.archivedAt !== null || pinned.planVersion !== failover.plan.version || pinned.clustersHash !== clustersHash) return changed(run);
    if (!failover.plan.approvalRequired) {
      const notes = [{ type: 'approval.not_required', summary: 'The plan asks for no approval' }];
      return { kind: 'NEXT', to: 'FENCING', result: 'DONE', outcome: { approvalRequired: false }, write: { notes } };
    }
    const approval = failover.approvals.find((one) => one.decision === 'APPROVED' && one.contentHash === contentHash && one.decidedBy !== failover.requestedBy);
    if (approval === undefined) return { kind: 'WAIT', lookAgainMs: LOOK_AGAIN_MS };
    return { kind: 'NEXT', to: 'FENCING', result: 'DONE', outcome: { approvedBy: approval.decidedBy, contentHash }, write: { set: { approvedAt: approval.decidedAt } } };
  }
}

/** What was looked at is no longer what would be done: it is checked anew, and approvals of the old content count no more. */
function changed(run: StepRun): StepAnswer {
  const approvals = run.failover.approvals.filter((one) => one.valid && one.decision === 'APPROVED').length;
  const notes = [{ type: 'content.changed', summary: `The plan or its clusters have changed since the checks${approvals > 0 ? '; the approval is void' : ''}` }];
  return { kind: 'NEXT', to: 'PREFLIGHT', result: 'DONE', outcome: { contentChanged: true }, write: { notes } };
}
