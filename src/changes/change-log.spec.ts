import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { cloneTestDatabase, connectTo, type TestDatabase } from '../../test/support/database.js';

let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await cloneTestDatabase();
  db = await connectTo(database.url);
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

const at = '2026-11-24T07:00:00.000Z';
const hubId = randomUUID();

interface Told {
  readonly type: string;
  readonly cluster: string | null;
  readonly data: Record<string, unknown>;
}

/** What the log says of a statement. */
async function toldOf(text: string, values: unknown[] = []): Promise<Told[]> {
  await db.query('SELECT number_changes(1000)');
  const { rows: [head] } = await db.query<{ last_id: string }>('SELECT last_id FROM change_head');
  await db.query(text, values);
  await db.query('SELECT number_changes(1000)');
  return (await db.query<Told>('SELECT type, cluster, data FROM change WHERE id > $1 ORDER BY id', [head?.last_id])).rows;
}

const HUB = `INSERT INTO hub (id, name, api_url, created_at, created_by, updated_at) VALUES ($1, 'hub-east', 'https://h', $2, 'x', $2)`;
const TOKENS = `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, read_at)
  SELECT gen_random_uuid(), $1, 'shop-' || n, 'auto-import-account', true, false, false, true, $2 FROM generate_series(1, 3) AS n`;

test('a hub is registered, changes and is removed', async () => {
  expect(await toldOf(HUB, [hubId, at])).toEqual([{ type: 'HUB_REGISTERED', cluster: null, data: { name: 'hub-east', policy: 'OBSERVE' } }]);
  expect(await toldOf(`UPDATE hub SET reachability = 'UNREACHABLE', unreachable_since = $2, last_error_code = 'HUB_TIMEOUT' WHERE id = $1`, [hubId, at])).toEqual([
    {
      type: 'HUB_REACHABILITY_CHANGED', cluster: null,
      data: { reachability: { from: 'UNKNOWN', to: 'UNREACHABLE' }, last_error_code: { from: null, to: 'HUB_TIMEOUT' }, unreachable_since: { from: null, to: '2026-11-24T07:00:00+00:00' } },
    },
  ]);
  expect(await toldOf(`UPDATE hub SET policy = 'PROTECT', token_exclusions = ARRAY['env=lab'], name = 'hub-e', fencing = 'FENCED', fencing_changed_at = $2 WHERE id = $1`, [hubId, at])).toEqual([
    { type: 'HUB_POLICY_CHANGED', cluster: null, data: { policy: { from: 'OBSERVE', to: 'PROTECT' } } },
    { type: 'HUB_FENCING_CHANGED', cluster: null, data: { fencing: { from: 'NONE', to: 'FENCED' }, fencing_changed_at: { from: null, to: '2026-11-24T07:00:00+00:00' } } },
    { type: 'HUB_CHANGED', cluster: null, data: { name: { from: 'hub-east', to: 'hub-e' }, token_exclusions: { from: [], to: ['env=lab'] } } },
  ]);
  const prerequisite = `INSERT INTO hub_prerequisite (hub_id, code, state, cause, remedy, since, checked_at) VALUES ($1, 'RIGHTS_SUFFICIENT', $3, 'so', '', $2, now())
    ON CONFLICT (hub_id, code) DO UPDATE SET state = excluded.state, checked_at = excluded.checked_at`;
  expect(await toldOf(prerequisite, [hubId, at, 'MET'])).toEqual([{ type: 'HUB_PREREQUISITE_CHANGED', cluster: null, data: { code: 'RIGHTS_SUFFICIENT', cause: 'so', state: { from: null, to: 'MET' } } }]);
  expect(await toldOf(prerequisite, [hubId, at, 'NOT_MET'])).toEqual([{ type: 'HUB_PREREQUISITE_CHANGED', cluster: null, data: { code: 'RIGHTS_SUFFICIENT', cause: 'so', state: { from: 'MET', to: 'NOT_MET' } } }]);
  expect(await toldOf(prerequisite, [hubId, at, 'NOT_MET'])).toEqual([]);
  expect(await toldOf(`UPDATE hub SET reachable_at = now(), inspected_at = now(), updated_at = now(), version = version + 1, storage = '[]', last_error_code = 'HUB_TIMEOUT' WHERE id = $1`, [hubId])).toEqual([]);
});

test('tokens come, change and go, each by the statement that moved it', async () => {
  const added = await toldOf(TOKENS, [hubId, at]);
  expect(added.map(({ type, cluster }) => `${type} ${cluster}`)).toEqual(['TOKEN_ADDED shop-1', 'TOKEN_ADDED shop-2', 'TOKEN_ADDED shop-3']);
  expect(added[0]?.data).toEqual({ account: 'auto-import-account', account_present: { from: null, to: true }, secret_present: { from: null, to: false }, in_backup_selection: { from: null, to: false }, binding_present: { from: null, to: true } });
  expect(await toldOf(`UPDATE auto_import_token SET secret_present = true, expires_at = $2, read_at = now() WHERE hub_id = $1 AND cluster <> 'shop-3'`, [hubId, at])).toEqual(
    ['shop-1', 'shop-2'].map((cluster) => ({
      type: 'TOKEN_CHANGED', cluster, data: { account: 'auto-import-account', secret_present: { from: false, to: true }, expires_at: { from: null, to: '2026-11-24T07:00:00+00:00' } },
    })),
  );
  expect(await toldOf(`UPDATE auto_import_token SET problem_code = 'TOKEN_MISSING', secret_present = false WHERE cluster = 'shop-1'`)).toEqual([
    { type: 'TOKEN_PROBLEM_CHANGED', cluster: 'shop-1', data: { account: 'auto-import-account', problem_code: { from: null, to: 'TOKEN_MISSING' }, secret_present: { from: true, to: false } } },
  ]);
  expect(await toldOf(`UPDATE auto_import_token SET read_at = now()`)).toEqual([]);
  expect(await toldOf(`DELETE FROM auto_import_token WHERE cluster = 'shop-2'`)).toEqual([{ type: 'TOKEN_REMOVED', cluster: 'shop-2', data: { account: 'auto-import-account' } }]);
});

test('a change that is rolled back is not told', async () => {
  expect(await toldOf(`BEGIN; UPDATE auto_import_token SET problem_code = 'TOKEN_EXPIRED'; ROLLBACK`)).toEqual([]);
});

test('that a hub was removed says all about its tokens', async () => {
  expect(await toldOf(`UPDATE hub SET removed_at = now() WHERE id = $1`, [hubId])).toEqual([{ type: 'HUB_REMOVED', cluster: null, data: { name: 'hub-e' } }]);
  expect(await toldOf(`DELETE FROM auto_import_token`)).toEqual([]);
});
