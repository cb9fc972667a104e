/** A process that works, as it says by its lease. */
export interface Worker {
  /** Host, process id, and what tells two starts apart */
  readonly id: string;
  readonly since: Date;
  /** The hubs that it watches */
  readonly hubIds: readonly string[];
}

/** Who watches a hub; null: nobody does. */
export interface HubWatch {
  readonly hubId: string;
  readonly worker: string | null;
  readonly since: Date | null;
}
