import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { FastifyInstance } from 'fastify';
import { Clock } from '../common/clock.js';
import { version } from '../common/version.js';
import { Jobs } from '../jobs/jobs.js';
import { HubLoads } from '../kube/hub-loads.js';
import { CountedHistogram } from './counted-histogram.js';
import { EXPIRY_BOUNDS, FleetFiguresRepository, STEP_BOUNDS, type Figure } from './fleet-figures.repository.js';

/** Figures from the tables are not counted again for everyone who asks within this time. */
const FIGURES_KEPT_MS = 10_000;

/** What Prometheus reads. Names and units: docs/metrics.md. */
@Injectable()
export class MetricsService implements OnModuleInit {
  private readonly logger = new Logger(MetricsService.name);
  private readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'lifeboat_http_request_duration_seconds', help: 'Time to answer a request, by route', labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10], registers: [this.registry],
  });
  private readonly clusters = this.gauge('lifeboat_clusters', 'Managed clusters by their hub and the verdict on them', ['hub', 'verdict']);
  private readonly findings = this.gauge('lifeboat_findings', 'Managed clusters with a finding, by code', ['hub', 'code', 'severity']);
  private readonly observed = this.gauge('lifeboat_hub_observed_timestamp_seconds', 'When a hub was last heard of, by the watch that has been silent longest', ['hub']);
  private readonly reachable = this.gauge('lifeboat_hub_reachable', '1: the hub answers', ['hub']);
  private readonly watched = this.gauge('lifeboat_hub_watched', 'Always 1; which worker watches a hub', ['hub', 'worker']);
  private readonly workers = this.gauge('lifeboat_workers', 'Workers that are there', []);
  private readonly callLimit = this.gauge('lifeboat_hub_call_limit', 'How many calls at once this process makes to a hub', ['hub']);
  private readonly callsWaiting = this.gauge('lifeboat_hub_calls_waiting', 'Calls to a hub that wait in this process for their turn', ['hub']);
  private readonly throttled = new Counter({ name: 'lifeboat_hub_throttled_total', help: 'Answers 429 of a hub to this process', labelNames: ['hub'], registers: [this.registry] });
  private readonly throttledBefore = new Map<string, number>();
  private readonly failovers = this.gauge('lifeboat_failovers', 'Failovers by status', ['kind', 'status']);
  private readonly jobsByState = this.gauge('lifeboat_jobs', 'Jobs by queue and state', ['queue', 'state']);
  private readonly tokenExpiry = new CountedHistogram({ name: 'lifeboat_token_expiry_seconds', help: 'Time that auto-import tokens still have', buckets: EXPIRY_BOUNDS, registry: this.registry });
  private readonly steps = new CountedHistogram({ name: 'lifeboat_failover_step_duration_seconds', help: 'Duration of the steps of failovers', buckets: STEP_BOUNDS, registry: this.registry });
  private readonly deaf = new Counter({ name: 'lifeboat_jobs_deaf_total', help: 'Times that a worker of this process could not be woken, and looked by itself', registers: [this.registry] });
  private deafBefore = 0;
  private readAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(private readonly figures: FleetFiguresRepository, private readonly jobs: Jobs, private readonly clock: Clock, private readonly loads: HubLoads, private readonly host: HttpAdapterHost) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('lifeboat_build_info', 'Always 1; which version runs', ['version', 'node']).set({ version, node: process.version }, 1);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  onModuleInit(): void {
    const fastify = this.host.httpAdapter?.getInstance() as FastifyInstance | undefined;
    fastify?.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none';
      this.requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
      done();
    });
  }

  async render(): Promise<string> {
    this.deaf.inc(this.jobs.timesDeaf - this.deafBefore);
    this.deafBefore = this.jobs.timesDeaf;
    if (performance.now() - this.readAt > FIGURES_KEPT_MS) await (this.reading ??= this.read().finally(() => (this.reading = null)));
    return this.registry.metrics();
  }

  private async read(): Promise<void> {
    try {
      const { figures } = this;
      show(this.clusters, await figures.clusters());
      show(this.findings, await figures.findings());
      show(this.observed, await figures.observed());
      show(this.reachable, await figures.reachable());
      this.showLoads(await figures.hubNames());
      show(this.watched, await figures.watched());
      show(this.workers, await figures.workers());
      show(this.failovers, await figures.failovers());
      this.tokenExpiry.set(await figures.tokenExpiry(this.clock.now()));
      this.steps.set(await figures.stepDurations());
      show(this.jobsByState, Object.entries(await this.jobs.counts()).flatMap(([queue, states]) => Object.entries(states).map(([state, value]) => ({ labels: { queue, state }, value }))));
      this.readAt = performance.now();
    } catch (err) {
      // The process's own figures are worth most while the database is away
      this.logger.warn({ err }, 'Figures could not be read from the database');
    }
  }

  private showLoads(names: ReadonlyMap<string, string>): void {
    const loads = [...this.loads.now()].flatMap(([hubId, load]) => {
      const hub = names.get(hubId);
      return hub === undefined ? [] : [{ hubId, load, labels: { hub } }];
    });
    show(this.callLimit, loads.map(({ labels, load }) => ({ labels, value: load.limit })));
    show(this.callsWaiting, loads.map(({ labels, load }) => ({ labels, value: load.waiting })));
    for (const { hubId, load, labels } of loads) {
      const before = this.throttledBefore.get(hubId) ?? 0;
      // A hub with new credentials is counted anew.
      this.throttled.inc(labels, load.throttled - (load.throttled < before ? 0 : before));
      this.throttledBefore.set(hubId, load.throttled);
    }
  }

  private gauge(name: string, help: string, labelNames: string[]): Gauge<string> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}

function show(gauge: Gauge<string>, figures: readonly Figure[]): void {
  gauge.reset();
  for (const { labels, value } of figures) gauge.set({ ...labels }, value);
}
