/**
 * Runs `work` over the items, at most `places` at once, and waits for all. An error ends the run: nothing new is begun, what has
 * begun is waited for, then the first error is thrown.
 */
export async function inParallel<T>(items: readonly T[], places: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const item = items[next++] as T;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(places, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}

/** All at once, each on its own: where one fails, its error stands in its place. */
export function eachAlone<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<(R | Error)[]> {
  return Promise.all(items.map((item) => work(item).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error), { cause: error })))));
}
