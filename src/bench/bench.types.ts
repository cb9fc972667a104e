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
}

export interface BenchOptions {
  /** Managed clusters of a hub, where a benchmark does not say otherwise */
  readonly clusters: number;
  /** How long a benchmark lasts that measures over time */
  readonly minutes: number;
  /** Where the service leaves CPU profiles; absent: none are taken */
  readonly profileDir?: string;
  /** Told of what is going on, for people */
  readonly say: (what: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Needs the binaries of a real kube-apiserver */
  readonly kube: boolean;
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
