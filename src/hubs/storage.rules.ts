import type { StorageFacts } from './hubs.types.js';

/** A location that the backup operator uses: made by OADP, and reachable. */
export const isUsableStorage = ({ owned, phase }: StorageFacts): boolean => owned && phase === 'Available';
