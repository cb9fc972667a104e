import { DomainError } from '../../common/domain-error.js';

export class ImportNotFoundError extends DomainError {
  readonly code = 'IMPORT_NOT_FOUND';
  readonly kind = 'not-found';
  readonly title = 'There is no such import';
  constructor(failoverId: string, cluster: string, options?: ErrorOptions) {
    super(`Failover ${failoverId} imports no cluster ${JSON.stringify(cluster)}`, { failoverId, cluster }, options);
  }
}

export class ImportNotOpenError extends DomainError {
  readonly code = 'IMPORT_NOT_OPEN';
  readonly kind = 'conflict';
  readonly title = 'The import cannot be helped this way now';
  constructor(failoverId: string, cluster: string, why: string, options?: ErrorOptions) {
    super(`The import of ${JSON.stringify(cluster)} in failover ${failoverId} takes no API URL: ${why}`, { failoverId, cluster }, options);
  }
}

export class ApiUrlInvalidError extends DomainError {
  readonly code = 'API_URL_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The API URL cannot be used';
  override readonly remedy = 'Give https://host[:port] as the target hub reaches the cluster, without user, query or fragment.';
  constructor(why: string, options?: ErrorOptions) {
    super(`The API URL cannot be used: ${why}`, {}, options);
  }
}
