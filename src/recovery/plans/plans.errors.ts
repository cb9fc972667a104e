import { DomainError } from '../../common/domain-error.js';

export class PlanNotFoundError extends DomainError {
  readonly code = 'PLAN_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such recovery plan';
  constructor(planId: string, options?: ErrorOptions) {
    super(`There is no recovery plan ${planId}`, { planId }, options);
  }
}

export class PlanNameTakenError extends DomainError {
  readonly code = 'PLAN_NAME_TAKEN';
  readonly kind = 'conflict';
  readonly title = 'The name is taken';
  override readonly remedy = 'Choose another name, or archive the plan that bears it.';
  constructor(name: string, options?: ErrorOptions) {
    super(`Another recovery plan is named ${JSON.stringify(name)}`, { name }, options);
  }
}

export class PlanSourceIsTargetError extends DomainError {
  readonly code = 'PLAN_SOURCE_IS_TARGET';
  readonly kind = 'invalid';
  readonly title = 'Source and target are one hub';
  override readonly remedy = 'Name another hub as the target.';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`Hub ${hubId} cannot be source and target of one plan`, { hubId }, options);
  }
}

export class PlanHubsShareNoStorageError extends DomainError {
  readonly code = 'PLAN_HUBS_SHARE_NO_STORAGE';
  readonly kind = 'invalid';
  readonly title = 'The hubs share no backup storage';
  override readonly remedy = 'Let the DataProtectionApplications of both hubs name the same bucket and prefix, then try again.';
  constructor(sourceHubId: string, targetHubId: string, why: string, options?: ErrorOptions) {
    super(`Hubs ${sourceHubId} and ${targetHubId} share no backup storage: ${why}`, { sourceHubId, targetHubId }, options);
  }
}

export class PlanInvalidError extends DomainError {
  readonly code = 'PLAN_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The plan breaks a rule';
  constructor(field: string, why: string, options?: ErrorOptions) {
    super(`${field} ${why}`, { field }, options);
  }
}

export class PlanVersionConflictError extends DomainError {
  readonly code = 'VERSION_CONFLICT';
  readonly kind = 'precondition-failed';
  readonly title = 'Someone else changed it meanwhile';
  override readonly remedy = 'Read it again and repeat the change on what it is now.';
  constructor(planId: string, expected: number, options?: ErrorOptions) {
    super(`Recovery plan ${planId} is no longer at version ${expected}`, { planId, expected }, options);
  }
}

export class PlanInUseError extends DomainError {
  readonly code = 'PLAN_IN_USE';
  readonly kind = 'conflict';
  readonly title = 'The plan is in use';
  override readonly remedy = 'Wait for its failover to end, or abort it.';
  constructor(planId: string, failoverId: string, options?: ErrorOptions) {
    super(`Recovery plan ${planId} is carried out by failover ${failoverId}`, { planId, failoverId }, options);
  }
}
