/**
 * The one source of "now". Everything that decides by time takes a Clock, so that tests and the demo can move it.
 * Leases are the exception: they live by the database's clock.
 */
export abstract class Clock {
  /** The present instant, UTC. */
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** The system's time plus an offset that can be moved forward: one hour passes in no time. */
export class ShiftableClock extends Clock {
  private offsetMs = 0;

  now(): Date {
    return new Date(Date.now() + this.offsetMs);
  }

  /** @param ms how far to move, in milliseconds; never back */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError('A clock moves forward only');
    this.offsetMs += ms;
  }
}

/** Stands still until it is moved. */
export class ManualClock extends Clock {
  constructor(private at: Date) {
    super();
  }

  now(): Date {
    return new Date(this.at);
  }

  set(at: Date): void {
    this.at = new Date(at);
  }

  advance(ms: number): void {
    this.at = new Date(this.at.getTime() + ms);
  }
}
