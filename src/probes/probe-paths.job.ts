import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Probes the ways from one target hub that are due. One at a time for each hub, so that its pace is kept whoever works. */
export const probePaths = defineJob({
  queue: 'probe-paths',
  data: z.object({ hubId: z.uuid() }),
  sameWorkIf: ({ hubId }) => hubId,
});
