import { DomainError } from '../common/domain-error.js';

/** A mistake in our own code, found when the process starts or a job is made. */
export class JobMistakeError extends DomainError {
  readonly code = 'JOB_MISTAKE';
  readonly kind = 'internal';
  readonly title = 'A job was defined or used wrongly';

  constructor(queue: string, what: string, options?: ErrorOptions) {
    super(`Job ${queue}: ${what}`, { queue }, options);
  }
}
