import { DomainError } from '../common/domain-error.js';

export class ChangesExpiredError extends DomainError {
  readonly code = 'CHANGES_EXPIRED';
  readonly kind = 'gone';
  readonly title = 'The changes after that id are not kept';
  override readonly remedy = 'Read the hubs and tokens anew, then follow the changes from where the log stands now: without `after`.';
  constructor(after: number, keptAfterId: number, lastId: number, options?: ErrorOptions) {
    super(`Changes can be read after ${keptAfterId} to ${lastId}, not after ${after}`, { after, keptAfterId, lastId }, options);
  }
}
