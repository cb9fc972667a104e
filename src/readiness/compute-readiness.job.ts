import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Works out the verdicts on a plan anew. */
export const computeReadiness = defineJob({
  queue: 'compute-readiness',
  data: z.object({ planId: z.string() }),
  sameWorkIf: ({ planId }) => planId,
});
