import { AsyncLocalStorage } from 'node:async_hooks';
import { Clock, type ManualClock } from '../common/clock.js';

/** One clock for the whole application, that shows everybody the time of the world on whose behalf he works: worlds are played side by side. */
export class WorldClock extends Clock {
  private readonly worlds = new AsyncLocalStorage<ManualClock>();

  now(): Date {
    return this.worlds.getStore()?.now() ?? new Date();
  }

  /** Whatever `play` does, and whatever follows from it, happens in that world's time. */
  during<T>(clock: ManualClock, play: () => Promise<T>): Promise<T> {
    return this.worlds.run(clock, play);
  }
}
