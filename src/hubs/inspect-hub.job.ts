import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Looks at the prerequisites of one hub. */
export const inspectHub = defineJob({
  queue: 'inspect-hub',
  data: z.object({ hubId: z.uuid() }),
  sameWorkIf: ({ hubId }) => hubId,
});
