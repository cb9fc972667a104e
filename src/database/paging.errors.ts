import { DomainError } from '../common/domain-error.js';

export class CursorInvalidError extends DomainError {
  readonly code = 'CURSOR_INVALID';
  readonly kind = 'invalid';
  readonly title = 'The cursor does not fit';
  override readonly remedy = 'Use a cursor only with the filter and the sort that it came from; begin again without one.';

  constructor(options?: ErrorOptions) {
    super('The cursor was not made by this list with this filter and sort', {}, options);
  }
}
