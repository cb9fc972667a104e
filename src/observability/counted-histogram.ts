import type { Metric, Registry } from '@prometheus-io/client';

/** How many fell into which bucket, as the database counted them. */
export interface Bucketed {
  readonly labels: Readonly<Record<string, string>>;
  /** Not cumulative; one more than there are bounds, the last for what is above all */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A histogram that is not observed one by one but counted elsewhere, over the rows of a table. To the registry it is a metric like others. */
export class CountedHistogram {
  private rows: readonly Bucketed[] = [];
  readonly name: string;

  constructor(private readonly options: { readonly name: string; readonly help: string; readonly buckets: readonly number[]; readonly registry: Registry }) {
    this.name = options.name;
    options.registry.registerMetric(this as unknown as Metric<string>);
  }

  set(rows: readonly Bucketed[]): void {
    this.rows = rows;
  }

  get(): Promise<object> {
    const { name, help } = this.options;
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: this.rows.flatMap((row) => this.valuesOf(row)) });
  }

  private valuesOf({ labels, counts, sum }: Bucketed): object[] {
    const { name, buckets } = this.options;
    let total = 0;
    const inBuckets = [...buckets, '+Inf'].map((le, index) => {
      total += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
    });
    return [...inBuckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }];
  }
}
