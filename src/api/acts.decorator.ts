import { applyDecorators, SetMetadata } from '@nestjs/common';

export const ACTS = 'lifeboat:acts';

export interface ActsOptions {
  /**
   * Takes out of an answer what must not be stored in clear, e.g. a key that is shown once. A replay shows the rest.
   */
  readonly withoutSecrets?: (answer: Record<string, unknown>) => Record<string, unknown>;
  /** The door takes a key but does not insist: repeating the call has no second effect anyway. */
  readonly keyOptional?: boolean;
}

/** Marks an operation that acts: it takes an Idempotency-Key and has one effect per key. Through either door. */
export const Acts = (options: ActsOptions = {}): MethodDecorator => applyDecorators(SetMetadata(ACTS, options));
