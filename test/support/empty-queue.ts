type Ask = <Row extends object>(text: string) => Promise<readonly Row[]>;

/** Empties every table of the queue, whoever works with it: where that ends in a deadlock with one of its statements, once more. */
export async function emptyQueue(ask: Ask): Promise<void> {
  const tables = await ask<{ name: string }>(`SELECT format('bullmq.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`);
  for (;;) {
    try {
      await ask(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01' && !String(error).includes('deadlock detected')) throw error;
    }
  }
}
