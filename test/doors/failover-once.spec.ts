import { randomUUID } from 'node:crypto';
import { startTestService, type TestService } from '../support/service.js';

// The real service over the real tables; no worker, so that what was started stays as it was started.

let service: TestService;
let planId: string;

beforeEach(async () => {
  service = await startTestService({ LIFEBOAT_ROLES: 'api' });
  const [east, west] = [await hub('east'), await hub('west')];
  planId = randomUUID();
  await service.sql(
    `INSERT INTO recovery_plan (id, name, source_hub_id, target_hub_id, rpo_seconds, rto_seconds, backup_rule, approval_required, import_window_seconds, created_at, created_by, updated_at)
     VALUES ($1, 'east to west', $2, $3, 86400, 3600, 'NEWEST_COMPLETE', true, 3600, now(), 'test', now())`, [planId, east, west]);
});
afterEach(() => service.close());

async function hub(name: string): Promise<string> {
  const id = randomUUID();
  await service.sql(`INSERT INTO hub (id, name, api_url, cluster_id, created_at, created_by, updated_at) VALUES ($1, $2, 'https://nowhere.example:6443', $2, now(), 'test', now())`, [id, name]);
  return id;
}

interface Answer {
  readonly status: number;
  readonly id: string | undefined;
  readonly code: string | undefined;
}

async function byRest(key: string): Promise<Answer> {
  const response = await fetch(`${service.url}/api/v1/plans/${planId}/failovers`, {
    method: 'POST', headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify({ kind: 'DISASTER', reason: 'fire' }),
  });
  const { id, code } = (await response.json()) as { id?: string; code?: string };
  return { status: response.status, id, code };
}

async function byGraphQL(key: string): Promise<Answer> {
  const query = `mutation { startFailover(input: { planId: "${planId}", kind: DISASTER, reason: "fire", clientMutationId: "${key}" }) { failover { id } } }`;
  const response = await fetch(`${service.url}/graphql`, { method: 'POST', headers: { authorization: `Bearer ${service.key}`, 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
  const { data, errors } = (await response.json()) as { data: { startFailover: { failover: { id: string } } } | null; errors?: { extensions: { code: string } }[] };
  return { status: data ? 202 : 409, id: data?.startFailover.failover.id, code: errors?.[0]?.extensions.code };
}

const failovers = async (): Promise<unknown[]> => (await service.sql('SELECT id FROM failover')).map(({ id }) => id);
const dies = (): Promise<unknown> => service.sql(`UPDATE idempotency_key SET state = 'RUNNING', http_status = NULL, response = NULL, locked_until = now() - interval '1 second'`);

test.each([
  { door: 'REST', start: byRest },
  { door: 'GraphQL', start: byGraphQL },
])('$door: a process that died after the effect and before its answer was kept: the same failover, not HUB_BUSY', async ({ start }) => {
  const first = await start('CHG0001');
  await dies();
  const second = await start('CHG0001');
  expect(second).toEqual(first);
  expect(first.status).toBe(202);
  expect(await failovers()).toEqual([first.id]);
});

test('sixty at once by many keys through both doors: one wins, the others are told that the hub is busy', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? byRest(`key ${n}`) : byGraphQL(`key ${n}`))));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(new Set(answers.filter(({ status }) => status !== 202).map(({ code }) => code))).toEqual(new Set(['HUB_BUSY']));
  expect(await failovers()).toHaveLength(1);
});

test('sixty at once by one key: one failover, and nobody hears of another', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, () => byRest('one')));
  const [only] = await failovers();
  for (const answer of answers) expect([{ status: 202, id: only, code: undefined }, { status: 409, id: undefined, code: 'IDEMPOTENCY_IN_PROGRESS' }]).toContainEqual(answer);
  expect(await failovers()).toHaveLength(1);
});
