import { DomainError, type ErrorKind } from '../common/domain-error.js';
import type { KubeError } from '../kube/kube-error.js';

export class HubNotFoundError extends DomainError {
  readonly code = 'HUB_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such hub';
  constructor(hubId: string, options?: ErrorOptions) {
    super(`There is no hub ${hubId}`, { hubId }, options);
  }
}

export class HubNameTakenError extends DomainError {
  readonly code = 'HUB_NAME_TAKEN';
  readonly kind = 'conflict';
  readonly title = 'The name is taken';
  override readonly remedy = 'Choose another name, or remove the hub that bears it.';
  constructor(name: string, options?: ErrorOptions) {
    super(`Another hub is named ${JSON.stringify(name)}`, { name }, options);
  }
}

export class HubAlreadyRegisteredError extends DomainError {
  readonly code = 'HUB_ALREADY_REGISTERED';
  readonly kind = 'conflict';
  readonly title = 'The hub is registered already';
  override readonly remedy = 'Use the hub that is there; give it new credentials if the old ones no longer work.';
  constructor(clusterId: string, options?: ErrorOptions) {
    super(`A hub with cluster id ${clusterId} is registered already`, { clusterId }, options);
  }
}

/** Two hubs cannot be told apart by their credentials: a replacement must lead to the same cluster. */
export class HubIsAnotherClusterError extends DomainError {
  readonly code = 'HUB_IS_ANOTHER_CLUSTER';
  readonly kind = 'conflict';
  readonly title = 'The credentials lead to another cluster';
  override readonly remedy = 'Register the other cluster as a hub of its own.';
  constructor(expected: string, found: string, options?: ErrorOptions) {
    super(`The hub has cluster id ${expected}, the new credentials lead to ${found}`, { expected, found }, options);
  }
}

export class HubRightsMissingError extends DomainError {
  readonly code = 'HUB_RIGHTS_MISSING';
  readonly kind = 'invalid';
  readonly title = 'The credentials lack rights on the hub';
  override readonly remedy = 'Bind the ClusterRole of deploy/hub-rbac.yaml to the account on the hub, then try again.';
  constructor(missing: readonly string[], options?: ErrorOptions) {
    super(`The credentials may not ${missing.join(', ')}`, { missing }, options);
  }
}

/** What a first contact with a hub can fail with; the code is that of the failed call. */
export class HubContactFailedError extends DomainError {
  readonly kind: ErrorKind = 'invalid';
  readonly code: string;
  readonly title: string;
  override readonly remedy: string;
  constructor(cause: KubeError) {
    super(cause.message, {}, { cause });
    ({ code: this.code, title: this.title, remedy: this.remedy } = cause);
  }
}

export class HubVersionConflictError extends DomainError {
  readonly code = 'VERSION_CONFLICT';
  readonly kind = 'precondition-failed';
  readonly title = 'Someone else changed it meanwhile';
  override readonly remedy = 'Read it again and repeat the change on what it is now.';
  constructor(hubId: string, expected: number, options?: ErrorOptions) {
    super(`Hub ${hubId} is no longer at version ${expected}`, { hubId, expected }, options);
  }
}

export class HubInUseError extends DomainError {
  readonly code = 'HUB_IN_USE';
  readonly kind = 'conflict';
  readonly title = 'The hub is in use';
  override readonly remedy = 'Archive the recovery plans that name the hub, and end its failovers, first.';
  constructor(hubId: string, by: readonly string[], options?: ErrorOptions) {
    super(`Hub ${hubId} is used by ${by.join(', ')}`, { hubId, by }, options);
  }
}

/** The stored credentials cannot be opened: sealed with a key that we do not have, or altered. Other hubs go on. */
export class HubCredentialsUnreadableError extends DomainError {
  readonly code = 'HUB_CREDENTIALS_UNREADABLE';
  readonly kind = 'unavailable';
  readonly title = 'The stored credentials cannot be opened';
  override readonly remedy = 'Start Lifeboat with the sealing key that is named, or give the hub new credentials.';
  constructor(hubId: string, keyId: string, options?: ErrorOptions) {
    super(`The credentials of hub ${hubId} cannot be opened with key ${JSON.stringify(keyId)}`, { hubId, keyId }, options);
  }
}

export class HubInputInvalidError extends DomainError {
  readonly code = 'HUB_INPUT_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The input breaks a rule';
  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, { field }, options);
  }
}

export class ReasonRequiredError extends DomainError {
  readonly code = 'REASON_REQUIRED';
  readonly kind = 'invalid';
  readonly title = 'A reason is required';
  override readonly remedy = 'Say why in `reason`: it is kept in the audit record.';
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} needs a reason`, {}, options);
  }
}

/** The hub has nothing to enable, e.g. no MultiClusterEngine. */
export class ComponentHostMissingError extends DomainError {
  readonly code = 'COMPONENT_HOST_MISSING';
  readonly kind = 'conflict';
  readonly title = 'The hub has no operator that could run the component';
  override readonly remedy = 'Install RHACM on the hub first.';
  constructor(hubId: string, host: string, options?: ErrorOptions) {
    super(`Hub ${hubId} has no ${host}`, { hubId, host }, options);
  }
}
