import { z } from 'zod';
import { defineJob } from '../jobs/job.js';

/** Reads Velero's own records of what one set holds, as far as they are due. */
export const readBackupRecords = defineJob({
  queue: 'read-backup-records',
  data: z.object({ setId: z.uuid() }),
  sameWorkIf: ({ setId }) => setId,
});
