import { DomainError } from '../../common/domain-error.js';
import type { FailoverStatus } from './failovers.types.js';

export class FailoverNotFoundError extends DomainError {
  readonly code = 'FAILOVER_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such failover';
  constructor(failoverId: string, options?: ErrorOptions) {
    super(`There is no failover ${failoverId}`, { failoverId }, options);
  }
}

export class HubBusyError extends DomainError {
  readonly code = 'HUB_BUSY';
  readonly kind = 'conflict';
  readonly title = 'The hub is busy';
  override readonly remedy = 'Wait for the other failover to end, or abort it.';
  constructor(sourceHubId: string, targetHubId: string, options?: ErrorOptions) {
    super(`Another failover holds hub ${sourceHubId} or hub ${targetHubId}`, { sourceHubId, targetHubId }, options);
  }
}

/** The plan cannot be carried out at all. */
export class PlanNotUsableError extends DomainError {
  readonly code = 'PLAN_NOT_USABLE';
  readonly kind = 'conflict';
  readonly title = 'The plan cannot be carried out';
  constructor(planId: string, why: string, options?: ErrorOptions) {
    super(`Recovery plan ${planId} cannot be carried out: ${why}`, { planId }, options);
  }
}

export class ApproverIsRequesterError extends DomainError {
  readonly code = 'APPROVER_IS_REQUESTER';
  readonly kind = 'forbidden';
  readonly title = 'Nobody approves their own failover';
  override readonly remedy = 'Let another person approve it.';
  constructor(failoverId: string, actor: string, options?: ErrorOptions) {
    super(`${actor} requested failover ${failoverId} and cannot approve it`, { failoverId }, options);
  }
}

export class ApprovalNotPendingError extends DomainError {
  readonly code = 'APPROVAL_NOT_PENDING';
  readonly kind = 'conflict';
  readonly title = 'The failover waits for no decision';
  constructor(failoverId: string, status: FailoverStatus, options?: ErrorOptions) {
    super(`Failover ${failoverId} is in ${status} and waits for no decision`, { failoverId, status }, options);
  }
}

export class AlreadyDecidedError extends DomainError {
  readonly code = 'ALREADY_DECIDED';
  readonly kind = 'conflict';
  readonly title = 'This person has decided already';
  constructor(failoverId: string, actor: string, options?: ErrorOptions) {
    super(`${actor} has decided on the present content of failover ${failoverId} already`, { failoverId }, options);
  }
}

export class ContentChangedError extends DomainError {
  readonly code = 'CONTENT_CHANGED';
  readonly kind = 'conflict';
  readonly title = 'The failover is no longer what was looked at';
  override readonly remedy = 'Read the failover again and decide on what it would do now.';
  constructor(failoverId: string, expected: string, found: string | null, options?: ErrorOptions) {
    super(`Failover ${failoverId} has another content than the one decided on`, { failoverId, expected, found }, options);
  }
}

export class AbortNotPossibleError extends DomainError {
  readonly code = 'ABORT_NOT_POSSIBLE';
  readonly kind = 'conflict';
  readonly title = 'The failover can no longer be aborted';
  override readonly remedy = 'Let it end. To go back, make a plan for the other direction.';
  constructor(failoverId: string, status: FailoverStatus, why: string, options?: ErrorOptions) {
    super(`Failover ${failoverId} is in ${status}: ${why}`, { failoverId, status }, options);
  }
}

export class RetryNotNeededError extends DomainError {
  readonly code = 'RETRY_NOT_NEEDED';
  readonly kind = 'conflict';
  readonly title = 'The failover does not stand still';
  constructor(failoverId: string, status: FailoverStatus, options?: ErrorOptions) {
    super(`Failover ${failoverId} is in ${status} and needs no retry`, { failoverId, status }, options);
  }
}
