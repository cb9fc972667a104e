import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Carries out what is left of one removal. */
export const removeProtection = defineJob({
  queue: 'remove-protection',
  data: z.object({ removalId: z.uuid() }),
  sameWorkIf: ({ removalId }) => removalId,
});
