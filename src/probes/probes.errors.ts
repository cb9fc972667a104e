import { DomainError } from '../common/domain-error.js';

export class NothingToProbeError extends DomainError {
  readonly code = 'NOTHING_TO_PROBE';
  readonly kind = 'invalid';
  readonly title = 'There is no way to probe';
  override readonly remedy = 'Name an imported cluster of the plan’s source hub that tells its API URL.';
  constructor(planId: string, cluster: string | null, options?: ErrorOptions) {
    super(`Plan ${planId} has no imported cluster with an API URL${cluster === null ? '' : ` named ${JSON.stringify(cluster)}`}`, { planId, cluster }, options);
  }
}
