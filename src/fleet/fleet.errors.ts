import { DomainError } from '../common/domain-error.js';

export class ClusterNotFoundError extends DomainError {
  readonly code = 'CLUSTER_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such managed cluster';
  constructor(clusterId: string, options?: ErrorOptions) {
    super(`There is no managed cluster ${clusterId}`, { clusterId }, options);
  }
}
