import { Histogram, type Registry } from '@prometheus-io/client';

/** How many fell into which bucket, as the database counted them. */
export interface Bucketed {
  readonly labels: Readonly<Record<string, string>>;
  /** Not cumulative; one more than there are bounds, the last for what is above all */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A histogram that is not observed one by one but counted elsewhere, over the rows of a table. */
export class CountedHistogram extends Histogram<string> {
  private rows: readonly Bucketed[] = [];

  constructor(private readonly options: { readonly name: string; readonly help: string; readonly labelNames: string[]; readonly buckets: number[]; readonly registry: Registry }) {
    super({ name: options.name, help: options.help, labelNames: options.labelNames, buckets: options.buckets, registers: [options.registry] });
  }

  set(rows: readonly Bucketed[]): void {
    this.rows = rows;
  }

  override get(): ReturnType<Histogram<string>['get']> {
    const { name, help } = this.options;
    const values = this.rows.flatMap((row) => this.valuesOf(row));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values } as unknown as Awaited<ReturnType<Histogram<string>['get']>>);
  }

  private valuesOf({ labels, counts, sum }: Bucketed): object[] {
    const { name, buckets } = this.options;
    let total = 0;
    const inBuckets = [...buckets, '+Inf'].map((le, index) => {
      total += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total, exemplar: null };
    });
    return [...inBuckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }];
  }
}
