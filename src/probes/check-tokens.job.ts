import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Tries the tokens of one source hub's clusters that are due. One at a time for each hub, so that its pace is kept whoever works. */
export const checkTokens = defineJob({
  queue: 'check-tokens',
  data: z.object({ hubId: z.uuid() }),
  sameWorkIf: ({ hubId }) => hubId,
});
