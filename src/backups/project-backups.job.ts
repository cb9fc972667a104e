import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Works out schedules, backups, sets and what the sets hold, from what one hub shows. */
export const projectBackups = defineJob({
  queue: 'project-backups',
  data: z.object({ hubId: z.uuid() }),
  sameWorkIf: ({ hubId }) => hubId,
});
