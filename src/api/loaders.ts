import DataLoader from 'dataloader';

/** Loads by key in batches; made per operation, so that nothing is shared between callers or kept for long. */
export class Loaders {
  private readonly byOwner = new Map<object, DataLoader<unknown, unknown>>();

  /**
   * The one loader of `owner` in this operation.
   * @param owner what tells this loader from others: a constant of the resolver
   * @param load values in the order of the keys, null for what is not there
   */
  of<K, V>(owner: object, load: (keys: readonly K[]) => Promise<readonly V[]>, keyOf?: (key: K) => string): DataLoader<K, V> {
    let loader = this.byOwner.get(owner);
    if (!loader) {
      loader = new DataLoader<unknown, unknown>((keys) => load(keys as readonly K[]), { maxBatchSize: 200, cacheKeyFn: keyOf as ((key: unknown) => unknown) | undefined }) as DataLoader<unknown, unknown>;
      this.byOwner.set(owner, loader);
    }
    return loader as unknown as DataLoader<K, V>;
  }
}

/** Rows in the order of the keys that asked for them. */
export function inOrder<K extends string, R>(keys: readonly K[], rows: readonly R[], keyOf: (row: R) => string): (R | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}

/** Rows grouped under the keys that asked for them. */
export function grouped<R>(keys: readonly string[], rows: readonly R[], keyOf: (row: R) => string): R[][] {
  const byKey = new Map<string, R[]>(keys.map((key) => [key, []]));
  for (const row of rows) byKey.get(keyOf(row))?.push(row);
  return keys.map((key) => byKey.get(key) ?? []);
}
