import { inspect } from 'node:util';

const MASK = '[secret]';

/** Holds a value that must reach no log, answer, error, trace or job. Only `reveal()` gives it out. */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** Name the reason at the call site by where you pass the value; never store it. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
