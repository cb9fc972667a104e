import type { MachineFailover } from './failover-machine.types.js';

/** Annotations on everything that a failover makes: the hubs are a second journal, and looking first needs to know whose it is. */
export const OPERATION = 'lifeboat/operation';

const MAX_ACTOR = 200;

/** Names the failover and the step; the same in every attempt. */
export const operationOf = (failoverId: string, step: string): string => `${failoverId}/${step}`;

export function marks(failover: Pick<MachineFailover, 'id' | 'requestedBy' | 'contentHash'>, step: string): Record<string, string> {
  return {
    [OPERATION]: operationOf(failover.id, step),
    'lifeboat/failover': failover.id,
    'lifeboat/actor': failover.requestedBy.slice(0, MAX_ACTOR),
    'lifeboat/content-hash': failover.contentHash ?? '',
  };
}

/** Short enough for `<restore>-<backup>` to stay a readable name; of the random end of the id, so that two failovers differ. */
export const restoreNameOf = (failoverId: string): string => `lifeboat-${failoverId.replaceAll('-', '').slice(-10)}`;
