import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Looks at all clusters of one hub whose tokens are due by `token_work`, where wake-ups are kept by hub and cluster. */
export const reconcileTokens = defineJob({
  queue: 'reconcile-tokens',
  data: z.object({ hubId: z.uuid() }),
  sameWorkIf: ({ hubId }) => hubId,
});
