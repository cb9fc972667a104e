import { DomainError } from '../common/domain-error.js';

/** Someone else may act now; whoever gets this stops, and touches nothing. */
export class LeaseLostError extends DomainError {
  readonly code = 'LEASE_LOST';
  readonly kind = 'conflict';
  readonly title = 'The lease was lost';

  constructor(key: string, epoch: bigint) {
    super(`The lease ${key} of epoch ${epoch} is no longer held`, { key, epoch: String(epoch) });
  }
}
