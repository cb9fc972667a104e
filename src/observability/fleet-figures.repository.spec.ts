import { randomUUID } from 'node:crypto';
import { Registry } from '@prometheus-io/client';
import { cloneTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { Secret } from '../common/secret.js';
import { DatabasePool } from '../database/database-pool.js';
import { Sql } from '../database/sql.js';
import { CountedHistogram } from './counted-histogram.js';
import { EXPIRY_BOUNDS, FleetFiguresRepository, type Figure } from './fleet-figures.repository.js';

const now = new Date('2026-11-24T08:00:00Z');
let database: TestDatabase;
let pool: DatabasePool;
let sql: Sql;
let figures: FleetFiguresRepository;
const east = randomUUID();
const west = randomUUID();

beforeAll(async () => {
  database = await cloneTestDatabase();
  pool = new DatabasePool({ url: new Secret(database.url) });
  sql = new Sql(pool);
  figures = new FleetFiguresRepository(sql);
  for (const [id, name] of [[east, 'east'], [west, 'west']]) {
    await sql.execute(`INSERT INTO hub (id, name, api_url, reachability, created_at, created_by, updated_at) VALUES ($1, $2, 'https://h', 'REACHABLE', $3, 't', $3)`, [id, name, now]);
  }
  const plans = [randomUUID(), randomUUID()];
  for (const [index, id] of plans.entries()) {
    await sql.execute(
      `INSERT INTO recovery_plan (id, name, source_hub_id, target_hub_id, rpo_seconds, rto_seconds, backup_rule, approval_required, import_window_seconds, created_at, created_by, updated_at)
       VALUES ($1, $2, $3, $4, 1, 1, 'NEWEST_COMPLETE', true, 1, $5, 't', $5)`, [id, `p${index}`, east, west, now]);
  }
  const rows: [number, string, string, string[]][] = [
    [0, 'a', 'READY', []], [1, 'a', 'NOT_READY', ['TOKEN_MISSING']], // the worst of two plans
    [0, 'b', 'READY', []], [0, 'c', 'NOT_READY', ['TOKEN_MISSING', 'API_URL_MISSING']], [0, 'd', 'NOT_NEEDED', []],
  ];
  for (const [plan, cluster, verdict, codes] of rows) {
    await sql.execute(`INSERT INTO cluster_readiness (plan_id, cluster, verdict, origin, findings, since, computed_at) VALUES ($1, $2, $3, 'IMPORTED', $4::jsonb, $5, $5)`,
      [plans[plan], cluster, verdict, JSON.stringify(codes.map((code) => ({ code, severity: 'CRITICAL' }))), now]);
  }
  const seconds = [-10, 0, 3_600, 3_601, 60 * 86_400, 60 * 86_400 + 1];
  for (const [index, life] of seconds.entries()) {
    await sql.execute(
      `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, expires_at, read_at)
       VALUES ($1, $2, $3, 'auto-import-account', true, true, true, true, $4, $5)`, [randomUUID(), east, `c${index}`, new Date(now.getTime() + life * 1000), now]);
  }
});
afterAll(async () => {
  await pool.close();
  await database.drop();
});

const sorted = (rows: readonly Figure[]): Figure[] => [...rows].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

test('clusters count once, by the worst verdict', async () => {
  expect(sorted(await figures.clusters())).toEqual([
    { labels: { hub: 'east', verdict: 'NOT_NEEDED' }, value: 1 },
    { labels: { hub: 'east', verdict: 'NOT_READY' }, value: 2 },
    { labels: { hub: 'east', verdict: 'READY' }, value: 1 },
  ]);
});

test('findings count clusters', async () => {
  expect(sorted(await figures.findings())).toEqual([
    { labels: { hub: 'east', code: 'API_URL_MISSING', severity: 'CRITICAL' }, value: 1 },
    { labels: { hub: 'east', code: 'TOKEN_MISSING', severity: 'CRITICAL' }, value: 2 },
  ]);
});

test('what equals a bound is within it, as Prometheus has it', async () => {
  const [row] = await figures.tokenExpiry(now);
  //                            ≤0 ≤1h ≤6h ≤1d ≤3d ≤7d ≤14d ≤30d ≤60d more
  expect(row).toEqual({ labels: { hub: 'east' }, counts: [2, 1, 1, 0, 0, 0, 0, 0, 1, 1], sum: -10 + 3_600 + 3_601 + 2 * 60 * 86_400 + 1 });
  const registry = new Registry();
  new CountedHistogram({ name: 'life', help: 'h', buckets: EXPIRY_BOUNDS, registry }).set([row!]);
  const text = await registry.metrics();
  expect(text).toContain('life_bucket{hub="east",le="0"} 2');
  expect(text).toContain('life_bucket{hub="east",le="3600"} 3');
  expect(text).toContain('life_bucket{hub="east",le="+Inf"} 6');
  expect(text).toContain('life_count{hub="east"} 6');
});

test('an empty fleet has no figures, and no failure', async () => {
  expect(await figures.stepDurations()).toEqual([]);
  expect(await figures.failovers()).toEqual([]);
  expect(await figures.observed()).toEqual([]);
  expect(sorted(await figures.reachable())).toEqual([{ labels: { hub: 'east' }, value: 1 }, { labels: { hub: 'west' }, value: 1 }]);
});
