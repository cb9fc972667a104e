import { z } from 'zod';
import { objectType } from '../api/graphql-from-zod.js';
import { id, instant } from '../api/schemas.js';
import { iso, isoOrNull } from '../api/view.js';
import type { HubWatch, Worker } from './workers.types.js';

const workerView = z
  .object({
    id: z.string().describe('Host, process id, and what tells two starts apart'),
    since: instant,
    hubIds: z.array(id).describe('The hubs that it watches'),
  })
  .meta({ id: 'Worker', description: 'A process that works' });
export type WorkerView = z.infer<typeof workerView>;

export const toWorkerView = (worker: Worker): WorkerView => ({ id: worker.id, since: iso(worker.since), hubIds: [...worker.hubIds] });

export const workersView = z.object({ items: z.array(workerView) }).meta({ id: 'Workers' });

export const hubWatchView = z
  .object({
    worker: z.string().nullable().describe('null: nobody watches the hub now'),
    since: instant.nullable(),
  })
  .meta({ id: 'HubWatch', description: 'Who watches a hub' });
export type HubWatchView = z.infer<typeof hubWatchView>;

export const toHubWatchView = (watch: Pick<HubWatch, 'worker' | 'since'>): HubWatchView => ({ worker: watch.worker, since: isoOrNull(watch.since) });

export const WorkerModel = objectType(workerView);
export const HubWatchModel = objectType(hubWatchView);
