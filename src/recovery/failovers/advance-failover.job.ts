import { z } from 'zod';
import { defineJob } from '../../jobs/job.js';

/** Carries a failover on as far as it goes now. */
export const advanceFailover = defineJob({
  queue: 'advance-failover',
  data: z.object({ failoverId: z.string() }),
  sameWorkIf: ({ failoverId }) => failoverId,
});
