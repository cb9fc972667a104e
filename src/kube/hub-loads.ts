import type { CallLoad } from './call-gate.js';

/** What the clients of this process make of each hub's capacity; for the metrics. */
export class HubLoads {
  private readonly sources = new Map<string, () => CallLoad>();

  /** Takes the place of what was there for this hub. */
  follow(hubId: string, load: () => CallLoad): void {
    this.sources.set(hubId, load);
  }

  forget(hubId: string): void {
    this.sources.delete(hubId);
  }

  now(): ReadonlyMap<string, CallLoad> {
    return new Map([...this.sources].map(([hubId, load]) => [hubId, load()]));
  }
}
