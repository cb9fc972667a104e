import { despiteDeadlocks } from './despite-deadlocks.js';

type Ask = <Row extends object>(text: string) => Promise<readonly Row[]>;

/** Empties every table of the queue, whoever works with it. */
export async function emptyQueue(ask: Ask): Promise<void> {
  const tables = await ask<{ name: string }>(`SELECT format('bullmq.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`);
  await despiteDeadlocks(() => ask(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`));
}
