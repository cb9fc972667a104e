import type { ExplainedStatement } from './statements.js';

/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `ms`, `s`, `MiB`, `/s`, `×` (a ratio), `%`, or what is counted */
  readonly unit: string;
}

export interface Measured {
  readonly benchmark: string;
  readonly title: string;
  /** Processes that wanted to run when it began, a minute's average: above nothing, others took their share of the machine */
  readonly loadBefore: number;
  readonly figures: readonly Figure[];
  /** The slowest statement of each part that asks PostgreSQL alone */
  readonly slowest: readonly ExplainedStatement[];
}

export interface BenchOptions {
  /** Managed clusters of a hub; of the whole fleet where a benchmark has a number of its own */
  readonly clusters: number;
  /** How long a benchmark lasts that measures over time */
  readonly minutes: number;
  /** Where the service leaves CPU profiles; absent: none are taken */
  readonly profileDir?: string;
  /** Told of what is going on, for people */
  readonly say: (what: string) => void;
  /** Told of the slowest statement of a part */
  readonly explain: (slowest: ExplainedStatement) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Needs the binaries of a real kube-apiserver */
  readonly kube: boolean;
  /** How many clusters where nobody says otherwise; absent: a thousand on each hub */
  readonly clusters?: number;
  readonly run: (options: BenchOptions) => Promise<readonly Figure[]>;
}

/** What a measured process tells of itself. */
export interface ProcessFigures {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** The most since the last mark; before one, since the process started */
  readonly peakRssBytes: number;
  /** The most since the process started */
  readonly highestRssBytes: number;
  /** CPU time of the process, user and system, since the last mark */
  readonly cpuMs: number;
}
