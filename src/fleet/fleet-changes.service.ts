import { Injectable, Logger } from '@nestjs/common';
import type { FleetChange } from './fleet.types.js';

export type FleetListener = (change: FleetChange) => void | Promise<void>;

/**
 * Tells, within this process, that our tables have changed. Listeners only wake work that looks at the tables: what another process
 * changed, or what was lost here, is found by the sweeps.
 */
@Injectable()
export class FleetChanges {
  private readonly logger = new Logger(FleetChanges.name);
  private readonly listeners = new Set<FleetListener>();

  /** @returns how to unsubscribe */
  subscribe(listener: FleetListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Never throws: a listener that fails is logged, the others are told. Waits for them, so that wake-ups are in the queue afterwards. */
  async publish(change: Pick<FleetChange, 'hubId' | 'topic'> & Partial<FleetChange>): Promise<void> {
    const whole: FleetChange = { kinds: new Set(), clusters: new Set(), ...change };
    await Promise.all(
      [...this.listeners].map(async (listener) => {
        try {
          await listener(whole);
        } catch (error) {
          this.logger.warn({ hub: change.hubId, topic: change.topic, err: error }, 'A change of the fleet woke nothing; the sweep will');
        }
      }),
    );
  }
}
