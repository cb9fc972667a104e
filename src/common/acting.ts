/** The caller's own record of why: a ticket, mostly. Stored, searchable and echoed. */
export interface Correlation {
  readonly system?: string;
  readonly id?: string;
  readonly number?: string;
  readonly url?: string;
}

/** Who acts and why; every service call that changes something takes one. */
export interface Acting {
  /** The API key's id, or `system` for Lifeboat's own upkeep */
  readonly actor: string;
  readonly reason?: string;
  readonly correlation?: Correlation;
}

export const SYSTEM: Acting = { actor: 'system' };
