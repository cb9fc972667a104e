import DataLoader from 'dataloader';

type AnyLoader = DataLoader<unknown, unknown>;

/** Loads by key in batches; made per operation, so that nothing is shared between callers or kept for long. */
export class Loaders {
  private readonly byOwner = new Map<object, Map<string, AnyLoader>>();

  /**
   * The one loader of `owner` in this operation.
   * @param owner what tells this loader from others: a constant of the resolver
   * @param load values in the order of the keys, null for what is not there, an Error for what fails alone
   */
  of<K, V>(owner: object, load: (keys: readonly K[]) => Promise<readonly (V | Error)[]>, keyOf?: (key: K) => string): DataLoader<K, V> {
    return this.loader(owner, '', load, keyOf);
  }

  /** The loader of a field that takes arguments: rows that ask with the same ones are answered together. */
  asking<V, K = string>(owner: object, args: unknown, load: (keys: readonly K[]) => Promise<readonly (V | Error)[]>, keyOf?: (key: K) => string): DataLoader<K, V> {
    return this.loader(owner, JSON.stringify(args), load, keyOf);
  }

  private loader<K, V>(owner: object, variant: string, load: (keys: readonly K[]) => Promise<readonly (V | Error)[]>, keyOf?: (key: K) => string): DataLoader<K, V> {
    const loaders = this.byOwner.get(owner) ?? new Map<string, AnyLoader>();
    this.byOwner.set(owner, loaders);
    const known = loaders.get(variant) ?? (new DataLoader<K, V>(load, { maxBatchSize: 200, ...(keyOf === undefined ? {} : { cacheKeyFn: keyOf as unknown as (key: K) => K }) }) as unknown as AnyLoader);
    loaders.set(variant, known);
    return known as unknown as DataLoader<K, V>;
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
