import { ManualClock } from '../common/clock.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { randomOf } from '../../test/support/random.js';
import { ReadinessParts } from '../../test/support/readiness-parts.js';
import { backupLabels, restorable } from './plan-worlds.service.js';
import { planFindings } from './plan-verdict.rules.js';
import { NO_SETS } from './readiness.repository.js';

const SEED = Number(process.env['LIFEBOAT_TEST_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env['LIFEBOAT_TEST_INCREMENTAL_ROUNDS'] ?? 60);
const CLUSTERS = 12;
const MINUTE = 60_000;
const HOUR = 3_600_000;

const start = new Date('2026-11-24T12:00:00Z');
const clock = new ManualClock(start);
const random = randomOf(SEED);
const below = (count: number): number => Math.floor(random() * count);
const chance = (share: number): boolean => random() < share;
const pick = <T>(of: readonly T[]): T => of[below(of.length)]!;
/** Around now, by up to so many hours. */
const around = (hours: number): Date => new Date(clock.now().getTime() + Math.round((random() * 2 - 1) * hours * HOUR));

let parts: Parts;
let readiness: ReadinessParts['readiness'];
let worlds: ReadinessParts['worlds'];
let repository: ReadinessParts['repository'];
let planId: string;
let sets = 0;
const hubs = { east: '', west: '' };
const cluster = (): string => `c${below(CLUSTERS)}`;
const account = (): string => pick(['auto-import-account', 'auto-import-account-pair']);
const execute = (text: string, ...values: unknown[]) => parts.sql.execute(text, values);

const tell = {
  cluster: () => parts.sql.execute(
    `INSERT INTO managed_cluster (id, hub_id, name, origin, labels, api_url, accepted, joined, available, available_since, import_condition, addon_present, addon_available, deleting, problems, created_on_hub_at, read_at)
     VALUES (gen_random_uuid(), $1, $2, $3, $4::jsonb, $5, 'TRUE', 'TRUE', $6, $7, 'TRUE', true, 'TRUE', false, '[]', $8, $9)
     ON CONFLICT (hub_id, name) DO UPDATE SET origin = excluded.origin, labels = excluded.labels, api_url = excluded.api_url, available = excluded.available, available_since = excluded.available_since,
       created_on_hub_at = excluded.created_on_hub_at, read_at = excluded.read_at`,
    [chance(0.75) ? hubs.east : hubs.west, cluster(), chance(0.85) ? 'IMPORTED' : pick(['HIVE', 'LOCAL']), pick(['{}', '{}', '{}', '{"velero.io/exclude-from-backup":"true"}', '{"velero.io/backup-name":"of-old"}']), chance(0.9) ? 'https://a' : null,
      chance(0.8) ? 'TRUE' : pick(['FALSE', 'UNKNOWN', 'ABSENT']), around(5), chance(0.9) ? new Date(start.getTime() - 400 * HOUR) : around(3), clock.now()]),
  clusterGone: () => execute('DELETE FROM managed_cluster WHERE hub_id = $1 AND name = $2', hubs.east, cluster()),
  token: () => parts.sql.execute(
    `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, problem_since, read_at, early_refresh_at) VALUES (gen_random_uuid(), $1, $2, $3, true, $4, true, $5, $6, $7, $8)
     ON CONFLICT (hub_id, cluster, account) DO UPDATE SET secret_present = excluded.secret_present, binding_present = excluded.binding_present, problem_since = excluded.problem_since, read_at = excluded.read_at, early_refresh_at = excluded.early_refresh_at`,
    [hubs.east, cluster(), account(), chance(0.8), chance(0.8), chance(0.3) ? around(9) : null, clock.now(), chance(0.2) ? around(3) : null]),
  tokenGone: () => execute('DELETE FROM auto_import_token WHERE hub_id = $1 AND cluster = $2', hubs.east, cluster()),
  account: () => execute(
    `INSERT INTO hub_object (hub_id, kind, namespace, name, uid, resource_version, facts, read_at, epoch) VALUES ($1, 'ACCOUNT', $2, $3, 'u', '1', jsonb_build_object('createdAt', $4::text), $5, 1)
     ON CONFLICT (hub_id, kind, namespace, name) DO UPDATE SET facts = excluded.facts`, hubs.east, cluster(), account(), around(30).toISOString(), clock.now()),
  accountGone: () => execute(`DELETE FROM hub_object WHERE hub_id = $1 AND kind = 'ACCOUNT' AND namespace = $2`, hubs.east, cluster()),
  importDisabled: () => execute(
    `INSERT INTO hub_object (hub_id, kind, namespace, name, uid, resource_version, facts, read_at, epoch) VALUES ($1, 'MANAGED_CLUSTER', '', $2, 'u', '1', jsonb_build_object('importDisabled', $3::boolean), $4, 1)
     ON CONFLICT (hub_id, kind, namespace, name) DO UPDATE SET facts = excluded.facts`, hubs.east, cluster(), chance(0.3), clock.now()),
  setToken: () => execute(
    `INSERT INTO backup_set_token (set_id, cluster, account, belief, reason, expires_at, refreshed_at, evidence, decided_at)
     SELECT id, $1, $2, $3, $4, $5, $6, 'as told', $7 FROM backup_set ORDER BY started_at DESC LIMIT 1
     ON CONFLICT (set_id, cluster, account) DO UPDATE SET belief = excluded.belief, reason = excluded.reason, expires_at = excluded.expires_at, refreshed_at = excluded.refreshed_at`,
    cluster(), account(), pick(['VERIFIED_IN', 'INFERRED_IN', 'INFERRED_IN', 'INFERRED_OUT', 'UNKNOWN']), chance(0.2) ? 'SECRET_UNLABELLED' : null, chance(0.9) ? around(40) : null, around(40), clock.now()),
  setTokenDoubt: () => {
    const from = chance(0.7) ? around(40) : null;
    return execute(`UPDATE backup_set_token SET expiry_doubt = $2, sources = jsonb_build_object('inferred', jsonb_build_object('doubtfulFrom', $3::text)) WHERE cluster = $1`, cluster(), from && 'changed', from?.toISOString() ?? null);
  },
  setTokenGone: () => execute('DELETE FROM backup_set_token WHERE cluster = $1', cluster()),
  setCluster: () => execute(
    `INSERT INTO backup_set_cluster (set_id, cluster, belief, evidence, evidence_kind, sources, api_url_known, api_url, import_disabled, decided_at) SELECT id, $1, $2, $3, 'NONE', '{}', $4, $5, $6, $7 FROM backup_set ORDER BY started_at DESC LIMIT 1
     ON CONFLICT (set_id, cluster) DO UPDATE SET belief = excluded.belief, evidence = excluded.evidence, api_url_known = excluded.api_url_known, api_url = excluded.api_url, import_disabled = excluded.import_disabled`,
    cluster(), pick(['VERIFIED_IN', 'VERIFIED_OUT', 'INFERRED_IN', 'INFERRED_OUT', 'UNKNOWN']), pick(['listed', 'not listed']), chance(0.5), chance(0.5) ? 'https://then' : null, pick([null, true, false]), clock.now()),
  set: () => newSet(),
  setExpires: () => execute('UPDATE backup_set SET expires_at = $1 WHERE id = (SELECT id FROM backup_set ORDER BY started_at DESC LIMIT 1)', around(4)),
  path: () => execute(
    `INSERT INTO target_path (plan_id, cluster, state, detail, checked_at) VALUES ($1, $2, $3, 'probed', $4)
     ON CONFLICT (plan_id, cluster) DO UPDATE SET state = excluded.state, checked_at = excluded.checked_at`, planId, cluster(), pick(['PROVEN', 'PROVEN', 'REFUSED']), new Date(clock.now().getTime() - below(30) * HOUR)),
  deepCheck: () => execute(
    `INSERT INTO target_path (plan_id, cluster, state, detail, checked_at, deep_state, deep_detail, deep_at, deep_since, deep_account, deep_refreshed_at, deep_attempt) VALUES ($1, $2, 'UNKNOWN', 'not probed', $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (plan_id, cluster) DO UPDATE SET deep_state = excluded.deep_state, deep_detail = excluded.deep_detail, deep_at = excluded.deep_at, deep_since = excluded.deep_since, deep_account = excluded.deep_account,
       deep_refreshed_at = excluded.deep_refreshed_at, deep_attempt = excluded.deep_attempt`,
    planId, cluster(), clock.now(), pick(['PASSED', 'DENIED', 'REFUSED', 'UNREACHABLE', 'UNKNOWN']), pick(['as it said', 'as it said then']), new Date(clock.now().getTime() - below(100) * HOUR), around(40), account(),
    chance(0.8) ? around(40) : null, chance(0.3) ? 'nobody was met' : null),
  deepCheckGone: () => execute('UPDATE target_path SET deep_state = NULL, deep_detail = NULL, deep_at = NULL WHERE plan_id = $1 AND cluster = $2', planId, cluster()),
  pathGone: () => execute('DELETE FROM target_path WHERE plan_id = $1 AND cluster = $2', planId, cluster()),
  plan: () => execute('UPDATE recovery_plan SET rpo_seconds = $2, reachability = $3, deep_check = $4 WHERE id = $1', planId, pick([3_600, 90_000, 200_000]), pick(['ASSUMED', 'PROBED']), chance(0.7)),
  many: () => execute(`UPDATE managed_cluster SET available = $2, available_since = $3 WHERE hub_id = $1`, hubs.east, pick(['TRUE', 'FALSE']), clock.now()),
} satisfies Record<string, () => Promise<unknown>>;

async function newSet(): Promise<void> {
  const suffix = String(sets++);
  const startedAt = new Date(clock.now().getTime() - MINUTE);
  const [credentialsBackup, resourcesBackup, managedClustersBackup] = ['cred', 'res', 'mc'].map((name) => `${name}-${suffix}`) as [string, string, string];
  const set = await parts.prisma.backupSet.create({
    data: { ownerClusterId: 'id-east', credentialsBackup, resourcesBackup, managedClustersBackup, status: 'COMPLETE', startedAt, managedClustersStartedAt: startedAt, completedAt: startedAt, expiresAt: new Date(clock.now().getTime() + 60 * HOUR), firstSeenAt: startedAt },
  });
  await execute(`INSERT INTO backup_set_token (set_id, cluster, account, belief, expires_at, refreshed_at, evidence, decided_at) SELECT $1, cluster, account, 'INFERRED_IN', $2, $3, 'labelled', $3 FROM auto_import_token WHERE hub_id = $4`, set.id, around(50), clock.now(), hubs.east);
  const shownOn = chance(0.8) ? [hubs.east, hubs.west] : [hubs.east];
  await parts.prisma.backup.createMany({ data: shownOn.flatMap((hubId) => [credentialsBackup, resourcesBackup, managedClustersBackup].map((name) => ({ hubId, name, ownerClusterId: 'id-east', phase: 'Completed', readAt: startedAt }))) });
}

beforeAll(async () => {
  parts = await Parts.open(clock, testConfig());
  ({ readiness, worlds, repository } = new ReadinessParts(parts));
  for (const name of ['east', 'west'] as const) {
    hubs[name] = (await parts.prisma.hub.create({ data: { name, apiUrl: `https://${name}`, release: '2.15.0', clusterId: `id-${name}`, createdAt: start, createdBy: 't', updatedAt: start } })).id;
    await parts.prisma.hubWatch.createMany({ data: ['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP'].map((kind) => ({ hubId: hubs[name], kind, phase: 'WATCHING', listedAt: start, heardAt: start, epoch: 1n })) });
  }
  planId = (await parts.prisma.recoveryPlan.create({
    data: { name: 'p', sourceHubId: hubs.east, targetHubId: hubs.west, rpoSeconds: 3600, rtoSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true, importWindowSeconds: 60, deepCheck: true, createdAt: start, createdBy: 't', updatedAt: start },
  })).id;
  for (let index = 0; index < CLUSTERS * 3; index++) {
    await tell.cluster();
    await tell.token();
  }
  await newSet();
});

afterAll(() => parts.drop());

const rows = () => parts.sql.query(`SELECT cluster, verdict, code, origin, findings, set_id, since, recheck_at, computed_at FROM cluster_readiness WHERE plan_id = $1 ORDER BY cluster`, [planId]);
/** What is found of the plan by all clusters of both hubs, without those that were left out. */
async function findingsByAll(): Promise<unknown[]> {
  const plan = await worlds.plan(planId);
  const world = await worlds.of(plan);
  const { basis, set } = restorable(world, clock.now());
  const [sourceClusters, targetClusters] = [await repository.clusters(hubs.east, NO_SETS), await repository.clusters(hubs.west, NO_SETS)];
  return planFindings({ ...world, rpoSeconds: plan.rpoSeconds, sourceClusters, targetClusters }, basis, set, backupLabels(world.sets), clock.now()).map(({ code, cause }) => [code, cause]);
}
const summary = async () => {
  const { wholeAt: _when, ...saved } = await readiness.compute(planId);
  return saved;
};
const whole = async () => {
  const { wholeAt: _when, ...saved } = await readiness.compute(planId, { whole: true });
  return saved;
};

test(`after whatever changes, what was worked out alone is what all anew would be, row by row (seed ${SEED})`, async () => {
  await readiness.compute(planId);
  const names = Object.keys(tell) as (keyof typeof tell)[];
  const verdicts = new Set<unknown>();
  let alone = 0;
  // More rounds where chance has shown too little so far
  const isShown = (): boolean => alone > ROUNDS / 10 && verdicts.size > 6;
  for (let round = 0; round < ROUNDS || (!isShown() && round < ROUNDS * 4); round++) {
    const told: string[] = [];
    for (let change = below(4); change >= 0; change--) {
      const name = pick(names);
      told.push(name);
      await tell[name]();
    }
    if (chance(0.5)) {
      clock.set(new Date(clock.now().getTime() + pick([1_000, MINUTE, 20 * MINUTE, HOUR * 5])));
      told.push('time');
      if (chance(0.8)) await execute('UPDATE hub_watch SET heard_at = $1', clock.now());
    }
    const before = await readiness.compute(planId);
    if (before.wholeAt?.getTime() !== clock.now().getTime()) alone++;
    const [one, oneRows] = [await summary(), await rows()];
    const [all, allRows] = [await whole(), await rows()];
    expect({ round, told, rows: oneRows }).toEqual({ round, told, rows: allRows });
    expect({ round, told, ...one }).toEqual({ round, told, ...all });
    expect({ round, told, findings: one.findings.map(({ code, cause }) => [code, cause]) }).toEqual({ round, told, findings: await findingsByAll() });
    for (const { verdict, code } of allRows as { verdict: string; code: string | null }[]) verdicts.add(`${verdict}/${code}`);
  }
  expect(alone).toBeGreaterThan(ROUNDS / 10); // else nothing was shown
  expect(verdicts.size).toBeGreaterThan(6);
}, 300_000 + ROUNDS * 1_000);

test('what a cluster says of its token wakes its own verdict; when it is asked next wakes nobody', async () => {
  await execute(`UPDATE recovery_plan SET deep_check = true, reachability = 'ASSUMED' WHERE id = $1`, planId);
  await execute(`INSERT INTO target_path (plan_id, cluster, state, detail, checked_at) VALUES ($1, 'c1', 'UNKNOWN', 'not probed', $2) ON CONFLICT DO NOTHING`, planId, clock.now());
  await readiness.compute(planId, { whole: true });
  await execute(`UPDATE target_path SET deep_due_at = $2 WHERE plan_id = $1`, planId, clock.now());
  expect(await parts.prisma.readinessDue.count()).toBe(0);
  for (const change of [`deep_state = 'REFUSED'`, `deep_at = '2026-11-24T11:00:00Z'`, `deep_detail = 'HTTP 401'`, `deep_account = 'auto-import-account'`, `deep_refreshed_at = '2026-11-24T10:00:00Z'`, `deep_since = '2026-11-24T11:00:00Z'`, `deep_attempt = 'nobody was met'`]) {
    await execute('DELETE FROM readiness_due');
    await execute(`UPDATE target_path SET deep_state = NULL, deep_at = NULL, deep_detail = NULL, deep_account = NULL, deep_refreshed_at = NULL, deep_since = NULL, deep_attempt = NULL WHERE cluster = 'c1'`);
    await execute('DELETE FROM readiness_due');
    await execute(`UPDATE target_path SET ${change} WHERE cluster = 'c1'`);
    expect({ change, woken: await parts.prisma.readinessDue.findMany({ select: { cluster: true } }) }).toEqual({ change, woken: [{ cluster: 'c1' }] });
  }
  await readiness.compute(planId);
});

test('one change touches the cluster that it is about alone', async () => {
  await readiness.compute(planId, { whole: true });
  const before = await rows() as { cluster: string; computed_at: Date }[];
  clock.set(new Date(clock.now().getTime() + 1_000));
  await execute(`UPDATE hub_object SET resource_version = '2'`); // what no verdict reads
  await execute('UPDATE managed_cluster SET read_at = $1', clock.now());
  expect(await parts.prisma.readinessDue.count()).toBe(0);
  await execute('UPDATE auto_import_token SET secret_present = NOT secret_present WHERE (hub_id, cluster, account) = (SELECT hub_id, cluster, account FROM auto_import_token WHERE hub_id = $1 ORDER BY cluster, account LIMIT 1)', hubs.east);
  expect(await parts.prisma.readinessDue.findMany({ select: { planId: true } })).toEqual([{ planId }]);
  await readiness.compute(planId);
  expect(await parts.prisma.readinessDue.count()).toBe(0);
  const changed = (await rows() as typeof before).filter(({ computed_at }, index) => computed_at.getTime() !== before[index]?.computed_at.getTime());
  expect(changed.length).toBeLessThanOrEqual(1);
});

test('what nobody was told of is found after ten minutes at the latest', async () => {
  await execute(`UPDATE managed_cluster SET available = 'TRUE', origin = 'IMPORTED', api_url = 'https://a'`);
  await readiness.compute(planId, { whole: true });
  await execute('ALTER TABLE managed_cluster DISABLE TRIGGER verdicts_woken_by_update');
  await execute(`UPDATE managed_cluster SET available = 'ABSENT' WHERE hub_id = $1`, hubs.east);
  await execute('ALTER TABLE managed_cluster ENABLE TRIGGER verdicts_woken_by_update');
  const before = await rows();
  await readiness.compute(planId);
  expect(await rows()).toEqual(before);
  clock.set(new Date(clock.now().getTime() + 10 * MINUTE));
  await readiness.compute(planId);
  const found = await readiness.clustersOfPlan(planId, { code: 'CLUSTER_UNREACHABLE' }, { by: 'cluster', direction: 'ASC' }, { limit: 100 });
  expect(found.items.length).toBe(before.length);
});

test('more at once than is worth telling apart means all; an archived plan is woken no more', async () => {
  const values = `gen_random_uuid(), $1, 'n' || n, 'HIVE', '{}', 'TRUE', 'TRUE', 'TRUE', 'TRUE', true, 'TRUE', false, '[]', $2`;
  await execute(`INSERT INTO managed_cluster (id, hub_id, name, origin, labels, accepted, joined, available, import_condition, addon_present, addon_available, deleting, problems, read_at) SELECT ${values} FROM generate_series(1, 501) AS n`, hubs.east, clock.now());
  expect(await parts.prisma.readinessDue.findMany({ select: { cluster: true } })).toEqual([{ cluster: null }]);
  const { counts } = await readiness.compute(planId);
  expect(counts.NOT_NEEDED).toBeGreaterThanOrEqual(501);
  await tell.token();
  await parts.prisma.recoveryPlan.update({ where: { id: planId }, data: { archivedAt: clock.now() } });
  await tell.token();
  expect(await parts.prisma.readinessDue.count()).toBe(0);
});
