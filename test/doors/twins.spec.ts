import { getNamedType, GraphQLObjectType, isLeafType, isObjectType, type GraphQLOutputType, type GraphQLSchema } from 'graphql';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { fakeFeatures, ids } from './fake-features.js';

let http: HttpApp;
let schema: GraphQLSchema;
const features = fakeFeatures();

beforeAll(async () => {
  http = await startHttpApp(features);
  schema = http.app.get(GraphQLSchemaHost).schema;
  features.failovers.happen('failover.started');
  features.failovers.happen('step.entered');
});
afterAll(() => http.close());

/** Every leaf of a type, and the objects in it that a view holds as well. */
function selectionOf(type: GraphQLOutputType, shown: unknown): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const sample = (Array.isArray(shown) ? shown[0] : shown) as Record<string, unknown> | null | undefined;
  const fields = Object.values((named as GraphQLObjectType).getFields()).filter(({ name }) => sample !== null && sample !== undefined && name in sample);
  return fields.length === 0 ? '{ __typename }' : `{ ${fields.map((field) => `${field.name} ${selectionOf(field.type, sample?.[field.name])}`).join(' ')} }`;
}

function typeAt(path: string): GraphQLOutputType {
  const [start, ...rest] = path.split('.') as [string, ...string[]];
  let type = schema.getQueryType()!.getFields()[start]!.type;
  for (const step of rest) {
    const object = getNamedType(type);
    if (!isObjectType(object)) throw new Error(`${path}: ${String(object)} has no fields`);
    type = object.getFields()[step]!.type;
  }
  return type;
}

const withoutOnlyRest = ({ links: _, imports: __, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;

test.each([
  { rest: `/hubs/${ids.hub}`, graphql: `hub(id: "${ids.hub}")`, at: 'hub' },
  { rest: `/clusters/${ids.cluster}`, graphql: `cluster(id: "${ids.cluster}")`, at: 'cluster' },
  { rest: `/tokens/${ids.token}`, graphql: `token(id: "${ids.token}")`, at: 'token' },
  { rest: `/protection-removals/${ids.removal}`, graphql: `protectionRemoval(id: "${ids.removal}")`, at: 'protectionRemoval' },
  { rest: `/backup-sets/${ids.set}`, graphql: `backupSet(id: "${ids.set}")`, at: 'backupSet' },
  { rest: `/plans/${ids.plan}`, graphql: `plan(id: "${ids.plan}")`, at: 'plan' },
  { rest: `/failovers/${ids.failover}`, graphql: `failover(id: "${ids.failover}")`, at: 'failover' },
  { rest: `/restores/${ids.restore}`, graphql: `restore(id: "${ids.restore}")`, at: 'restore' },
])('both doors show the same thing: $at', async ({ rest, graphql, at }) => {
  const shown = withoutOnlyRest((await http.call('GET', `/api/v1${rest}`)).body);
  const { body } = await http.graphql(`{ ${graphql} ${selectionOf(typeAt(at), shown)} }`);
  expect(body).toEqual({ data: { [at]: shown } });
  expect(Object.keys(shown).length).toBeGreaterThan(3);
});

test.each([
  { rest: `/plans/${ids.plan}/readiness`, graphql: `plan(id: "${ids.plan}")`, path: 'plan.readiness' },
  { rest: `/plans/${ids.plan}/objectives`, graphql: `plan(id: "${ids.plan}")`, path: 'plan.objectives' },
  { rest: `/plans/${ids.plan}/forecast`, graphql: `plan(id: "${ids.plan}")`, path: 'plan.forecast' },
  { rest: `/plans/${ids.plan}/what-if`, graphql: `plan(id: "${ids.plan}")`, path: 'plan.whatIf' },
  { rest: `/hubs/${ids.hub}/watch`, graphql: `hub(id: "${ids.hub}")`, path: 'hub.watch' },
  { rest: `/hubs/${ids.hub}/readiness`, graphql: `hub(id: "${ids.hub}")`, path: 'hub.readiness' },
  { rest: `/clusters/${ids.cluster}/readiness`, graphql: `cluster(id: "${ids.cluster}")`, path: 'cluster.readiness' },
  { rest: `/clusters/${ids.cluster}/token-timeline`, graphql: `cluster(id: "${ids.cluster}")`, path: 'cluster.tokenTimeline' },
])('both doors show the same thing: $path', async ({ rest, graphql, path }) => {
  const [root, field] = path.split('.') as [string, string];
  const { body: shown } = await http.call('GET', `/api/v1${rest}`);
  const { body } = await http.graphql(`{ ${graphql} { ${field} ${selectionOf(typeAt(path), shown)} } }`);
  expect(body).toEqual({ data: { [root]: { [field]: shown } } });
});

test.each([
  { rest: '/hubs', graphql: 'hubs(first: 50)', path: 'hubs' },
  { rest: '/clusters', graphql: 'clusters(first: 50)', path: 'clusters' },
  { rest: '/tokens', graphql: 'tokens(first: 50)', path: 'tokens' },
  { rest: '/protection-removals', graphql: 'protectionRemovals(first: 50)', path: 'protectionRemovals' },
  { rest: '/backup-schedules', graphql: 'backupSchedules(first: 50)', path: 'backupSchedules' },
  { rest: '/backup-sets', graphql: 'backupSets(first: 20)', path: 'backupSets' },
  { rest: '/plans', graphql: 'plans(first: 50)', path: 'plans' },
  { rest: '/failovers', graphql: 'failovers(first: 10)', path: 'failovers' },
  { rest: '/restores', graphql: 'restores(first: 50)', path: 'restores' },
])('both doors list the same things: $path', async ({ rest, graphql, path }) => {
  const { body: page } = await http.call('GET', `/api/v1${rest}?count=true`);
  const items = page['items'] as unknown as Record<string, unknown>[];
  const { body } = await http.graphql(`{ ${graphql} { nodes ${selectionOf(typeAt(`${path}.nodes`), items)} totalCount pageInfo { hasNextPage } } }`);
  expect(body).toEqual({ data: { [path]: { nodes: items, totalCount: (page['page'] as unknown as { totalCount: number }).totalCount, pageInfo: { hasNextPage: false } } } });
  expect(items.length).toBeGreaterThan(0);
});

test.each([
  { rest: '/tokens/totals', graphql: 'tokenTotals', of: (body: unknown) => body },
  { rest: '/tokens/problems', graphql: 'tokenProblems', of: (body: unknown) => (body as { items: unknown }).items },
  { rest: '/workers', graphql: 'workers', of: (body: unknown) => (body as { items: unknown }).items },
  { rest: '/changes?after=0', graphql: 'changeLog(after: "0")', of: (body: unknown) => body },
])('both doors show the same thing: $graphql', async ({ rest, graphql, of }) => {
  const [field] = graphql.split('(') as [string];
  const shown = of((await http.call('GET', `/api/v1${rest}`)).body);
  const { body } = await http.graphql(`{ ${graphql} ${selectionOf(typeAt(field), shown)} }`);
  expect(body).toEqual({ data: { [field]: shown } });
});

test('nested lists: imports, events, what a set holds, readiness by cluster, prerequisites', async () => {
  const { body } = await http.graphql(`{
    failover(id: "${ids.failover}") {
      imports(first: 5) { nodes { cluster state } totalCount }
      events(first: 1) { nodes { sequence type summary data correlation { number } } pageInfo { hasNextPage endCursor } totalCount }
      importCounts { total byState } restore { name } plan { name sourceHub { name } }
    }
    backupSet(id: "${ids.set}") { tokens(first: 5) { nodes { cluster belief } } clusters(first: 5) { nodes { cluster belief apiUrl } } }
    plan(id: "${ids.plan}") { clusterReadiness(first: 5, filter: { verdict: NOT_READY }) { nodes { cluster code } } }
    cluster(id: "${ids.cluster}") { hub { name prerequisites { code state } } tokens { account incarnations { secretUid } } }
  }`);
  expect(body).toEqual({
    data: {
      failover: {
        imports: { nodes: [{ cluster: 'shop-1', state: 'WAITING' }], totalCount: 1 },
        events: {
          nodes: [{ sequence: 1, type: 'failover.started', summary: 'It is failover.started', data: { n: 1 }, correlation: { number: 'CHG0001' } }],
          pageInfo: { hasNextPage: true, endCursor: '1' }, totalCount: 2,
        },
        importCounts: { total: 13, byState: { WAITING: 13 } }, restore: { name: 'lifeboat-x' }, plan: { name: 'east to west', sourceHub: { name: 'hub-east' } },
      },
      backupSet: {
        tokens: { nodes: [{ cluster: 'shop-1', belief: 'INFERRED_IN' }] },
        clusters: { nodes: [{ cluster: 'shop-1', belief: 'VERIFIED_IN', apiUrl: 'https://api.shop-1:6443' }] },
      },
      plan: { clusterReadiness: { nodes: [{ cluster: 'shop-1', code: 'TOKEN_MISSING' }] } },
      cluster: { hub: { name: 'hub-east', prerequisites: [{ code: 'CLUSTER_BACKUP_ENABLED', state: 'NOT_MET' }] }, tokens: [{ account: 'auto-import-account', incarnations: [{ secretUid: 'uid' }] }] },
    },
  });
});

test('what a caller asks of nested things is loaded in one batch', async () => {
  features.calls.made.length = 0;
  const { body } = await http.graphql('{ hubs(first: 10) { nodes { name prerequisites { code } } } plans(first: 10) { nodes { sourceHub { name } targetHub { name } } } }');
  expect(body['errors']).toBeUndefined();
  expect(features.calls.of('hubs.prerequisitesOf')).toEqual([[[ids.hub, ids.otherHub]]]);
  expect(features.calls.of('hubs.getMany')).toEqual([[[ids.hub, ids.otherHub]]]);
});

test.each([
  {
    because: 'a filter and a sort mean the same in both', service: 'clusters', call: 'fleet.list',
    rest: `/clusters?hubId=${ids.hub}&origin=IMPORTED&available=FALSE&name=shop&sort=-readAt&limit=7`,
    graphql: `{ clusters(first: 7, filter: { hubId: "${ids.hub}", origin: IMPORTED, available: FALSE, name: "shop" }, sort: READ_AT_DESC) { nodes { id } } }`,
  },
  {
    because: 'instants are instants', service: 'tokens', call: 'tokens.list',
    rest: '/tokens?expiresBefore=2026-12-01T00:00:00%2B01:00&problemCode=TOKEN_MISSING&limit=7',
    graphql: '{ tokens(first: 7, filter: { expiresBefore: "2026-12-01T00:00:00+01:00", problemCode: TOKEN_MISSING }) { nodes { id } } }',
  },
  {
    because: 'what is not given is as it is', service: 'a preview', call: 'schedules.preview',
    rest: `/hubs/${ids.hub}/backup-schedule/preview?cron=%40daily&useManagedServiceAccount=true`,
    graphql: `{ backupSchedulePreview(input: { hubId: "${ids.hub}", cron: "@daily", useManagedServiceAccount: true }) { nextRuns findings { code } } }`,
  },
  {
    because: 'flags are flags', service: 'tokens', call: 'tokens.list',
    rest: '/tokens?hasProblem=false&inBackupSelection=true&clusterSet=banks&sort=-problemSince&limit=7',
    graphql: '{ tokens(first: 7, filter: { hasProblem: false, inBackupSelection: true, clusterSet: "banks" }, sort: PROBLEM_SINCE_DESC) { nodes { id } } }',
  },
  {
    because: 'backward is backward', service: 'tokens', call: 'tokens.list', rest: '/tokens?before=1&limit=7', graphql: '{ tokens(last: 7, before: "1") { nodes { id } } }',
  },
  {
    because: 'totals take the list\u2019s filter', service: 'tokens', call: 'tokens.totals', rest: '/tokens/totals?hasProblem=true&cluster=shop', graphql: '{ tokenTotals(filter: { hasProblem: true, cluster: "shop" }) { total } }',
  },
  {
    because: 'a span of time', service: 'timeline', call: 'timeline.ofCluster', rest: `/clusters/${ids.cluster}/token-timeline?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00%2B01:00`,
    graphql: `{ cluster(id: "${ids.cluster}") { tokenTimeline(from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00+01:00") { cluster } } }`,
  },
  { because: 'problems by hub and code', service: 'tokens', call: 'tokens.problems', rest: `/tokens/problems?hubId=${ids.hub}&code=TOKEN_MISSING`, graphql: `{ tokenProblems(filter: { hubId: "${ids.hub}", code: TOKEN_MISSING }) { code } }` },
  {
    because: 'several types are several types', service: 'changes', call: 'changes.page', rest: `/changes?after=5&types=TOKEN_ADDED,HUB_REMOVED&cluster=shop-1&limit=7`,
    graphql: '{ changeLog(after: "5", first: 7, filter: { types: [TOKEN_ADDED, HUB_REMOVED], cluster: "shop-1" }) { upToId } }',
  },
  {
    because: 'several states are several states', service: 'failovers', call: 'failovers.list',
    rest: '/failovers?status=FENCING,RESTORING&correlationNumber=CHG0001&limit=7',
    graphql: '{ failovers(first: 7, filter: { status: [FENCING, RESTORING], correlationNumber: "CHG0001" }) { nodes { id } } }',
  },
  {
    because: 'null is not given', service: 'plans', call: 'plans.list', rest: '/plans?limit=7',
    graphql: '{ plans(first: 7, after: null, filter: { hubId: null }) { nodes { id } } }',
  },
])('$service: $because', async ({ call, rest, graphql }) => {
  features.calls.made.length = 0;
  expect((await http.call('GET', `/api/v1${rest}`)).status).toBe(200);
  expect((await http.graphql(graphql)).body['errors']).toBeUndefined();
  const [byRest, byGraphQL] = features.calls.of(call);
  expect(byGraphQL).toEqual(byRest);
});

test.each([
  {
    because: 'registering', call: 'hubs.register', method: 'POST', rest: '/hubs',
    input: { name: 'hub-new', server: 'https://api.hub:6443', token: 'secret-token', caPem: 'pem', reason: 'new site', correlation: { system: 'snow', number: 'CHG1' } },
    mutation: 'registerHub', extra: {}, selection: '{ hub { id } }',
  },
  { because: 'enabling', call: 'hubs.enableComponents', method: 'POST', rest: `/hubs/${ids.hub}/components`, input: { enable: ['CLUSTER_BACKUP'], reason: 'needed' }, mutation: 'enableHubComponents', extra: { id: ids.hub }, selection: '{ prerequisites { code } }' },
  { because: 'a policy', call: 'hubs.update', method: 'PATCH', rest: `/hubs/${ids.hub}`, headers: { 'if-match': '"3"' }, input: { policy: 'PROTECT', tokenValiditySeconds: null }, mutation: 'updateHub', extra: { id: ids.hub, version: 3 }, selection: '{ hub { version } }' },
  {
    because: 'exclusions, tried out', call: 'hubs.update', method: 'PATCH', rest: `/hubs/${ids.hub}`, headers: { 'if-match': '"3"' }, mutation: 'updateHub', extra: { id: ids.hub, version: 3 },
    input: { dryRun: true, tokenExclusions: [{ selector: 'env in (dev)' }, { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['1'] }] }] },
    selection: '{ preview { clustersExcluded exclusions { selector clusters examples } } }',
  },
  {
    because: 'a schedule', call: 'schedules.putSchedule', method: 'PUT', rest: `/hubs/${ids.hub}/backup-schedule`, input: { cron: '0 */4 * * *', veleroTtl: '120h', useManagedServiceAccount: true, reason: 'protect' },
    mutation: 'putBackupSchedule', extra: { hubId: ids.hub }, selection: '{ backupSchedule { name } }',
  },
  {
    because: 'a change of a schedule', call: 'schedules.changeSchedule', method: 'PATCH', rest: `/hubs/${ids.hub}/backup-schedule`, headers: { 'if-match': '"2"' }, input: { veleroTtl: '240h', tokenTtl: null, reason: 'longer' },
    mutation: 'changeBackupSchedule', extra: { hubId: ids.hub, version: 2 }, selection: '{ backupSchedule { version } }',
  },
  { because: 'a pause', call: 'schedules.pause', method: 'POST', rest: `/hubs/${ids.hub}/backup-schedule/pause`, input: { reason: 'upkeep' }, mutation: 'pauseBackupSchedule', extra: { hubId: ids.hub }, selection: '{ backupSchedule { paused } }' },
  { because: 'going on', call: 'schedules.resume', method: 'POST', rest: `/hubs/${ids.hub}/backup-schedule/resume`, input: { reason: 'done' }, mutation: 'resumeBackupSchedule', extra: { hubId: ids.hub }, selection: '{ backupSchedule { paused } }' },
  {
    because: 'a removal, tried out', call: 'removals.remove', method: 'POST', rest: `/hubs/${ids.hub}/protection-removals`, input: { dryRun: true }, mutation: 'removeProtection', extra: { hubId: ids.hub },
    selection: '{ plan { confirm total targets { kind action } warnings { code } } removal { id } }',
  },
  {
    because: 'a removal', call: 'removals.remove', method: 'POST', rest: `/hubs/${ids.hub}/protection-removals`, input: { confirm: 'a'.repeat(64), reason: 'given back' }, mutation: 'removeProtection',
    extra: { hubId: ids.hub }, selection: '{ removal { id status open outcomes { outcome count } items(first: 5) { nodes { name outcome } } } }',
  },
  { because: 'a plan', call: 'plans.create', method: 'POST', rest: '/plans', input: { name: 'p', sourceHubId: ids.hub, targetHubId: ids.otherHub, rpoSeconds: 3600 }, mutation: 'createPlan', extra: {}, selection: '{ plan { id } }' },
  { because: 'probes', call: 'probes.probeNow', method: 'POST', rest: `/plans/${ids.plan}/probes`, input: { cluster: 'shop-1' }, mutation: 'probePaths', extra: { planId: ids.plan }, selection: '{ probes { ways } }' },
  { because: 'an acknowledgement', call: 'acknowledgements.acknowledge', method: 'POST', rest: `/plans/${ids.plan}/acknowledgements`, input: { code: 'TOKEN_MISSING', cluster: 'shop-1', until: '2026-12-01T00:00:00Z', reason: 'known' }, mutation: 'acknowledgeFinding', extra: { planId: ids.plan }, selection: '{ acknowledgement { id } }' },
  { because: 'a failover', call: 'failovers.start', method: 'POST', rest: `/plans/${ids.plan}/failovers`, input: { kind: 'DISASTER', reason: 'fire', correlation: { id: 'x' } }, mutation: 'startFailover', extra: { planId: ids.plan }, selection: '{ failover { id } }' },
  { because: 'a decision', call: 'failovers.decide', method: 'POST', rest: `/failovers/${ids.failover}/approvals`, input: { decision: 'APPROVED', reason: 'seen', evidence: { number: 'CHG1' } }, mutation: 'decideFailover', extra: { id: ids.failover }, selection: '{ failover { id } }' },
  { because: 'an abort', call: 'failovers.abort', method: 'POST', rest: `/failovers/${ids.failover}/abort`, input: { reason: 'false alarm' }, mutation: 'abortFailover', extra: { id: ids.failover }, selection: '{ failover { id } }' },
  { because: 'an API URL', call: 'imports.supplyApiUrl', method: 'POST', rest: `/failovers/${ids.failover}/imports/shop-1/api-url`, input: { apiUrl: 'https://api.shop-1:6443', reason: 'EKS' }, mutation: 'supplyApiUrl', extra: { failoverId: ids.failover, cluster: 'shop-1' }, selection: '{ clusterImport { cluster } }' },
])('both doors ask the same of the service: $because', async ({ because, call, method, rest, input, headers = {}, mutation, extra, selection }) => {
  features.calls.made.length = 0;
  const byHand = await http.call(method, `/api/v1${rest}`, { body: input, headers: { 'idempotency-key': `twin ${mutation} ${because}`, ...headers } as Record<string, string> });
  expect(byHand.status).toBeLessThan(300);
  const name = schema.getMutationType()!.getFields()[mutation]!.args[0]!.type.toString();
  const { body } = await http.graphql(`mutation Act($input: ${name}) { ${mutation}(input: $input) ${selection} }`, { variables: { input: { ...input, ...extra } }, headers: { 'idempotency-key': `twin ${mutation} ${because}` } });
  expect(body['errors']).toBeUndefined();
  const [byRest, byGraphQL] = features.calls.of(call);
  const withoutActId = (args: readonly unknown[] | undefined): string => JSON.stringify(args).replace(/"id":"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f-]+",?/, '');
  expect(withoutActId(byGraphQL)).toEqual(withoutActId(byRest));
  expect(byRest).toBeDefined();
});

test('credentials reach the service as secrets, and no answer holds them', async () => {
  const answer = await http.call('POST', '/api/v1/hubs', { body: { name: 'n', server: 'https://h:6443', token: 'very-secret' }, headers: { 'idempotency-key': 'secret' } });
  expect(answer.text).not.toContain('very-secret');
  const [input] = features.calls.of('hubs.register').at(-1) as [{ token: { reveal(): string } }];
  expect(String(input.token)).toBe('[secret]');
  expect(input.token.reveal()).toBe('very-secret');
});

test('a list leads on by its Link and by its cursor', async () => {
  const first = await http.call('GET', '/api/v1/hubs?limit=1&name=hub');
  expect(first.body).toMatchObject({ items: [{ name: 'hub-east' }], page: { nextCursor: '1', hasMore: true } });
  const link = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
  expect(link).toBe('/api/v1/hubs?limit=1&name=hub&cursor=1');
  const second = await http.call('GET', link!);
  expect(second.body).toMatchObject({ items: [{ name: 'hub-west' }], page: { nextCursor: null, hasMore: false } });
  expect(second.headers.get('link')).toBeNull();

  const connection = await http.graphql('{ hubs(first: 1) { edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }');
  expect(connection.body).toEqual({ data: { hubs: { edges: [{ cursor: '1', node: { name: 'hub-east' } }], pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: '1', endCursor: '1' } } } });
});

test('versions: ETag, 304, 428, 412', async () => {
  const path = `/api/v1/hubs/${ids.hub}`;
  const read = await http.call('GET', path);
  expect(read.headers.get('etag')).toBe('"3"');
  const again = await http.call('GET', path, { headers: { 'if-none-match': '"3"' } });
  expect({ status: again.status, text: again.text, etag: again.headers.get('etag') }).toEqual({ status: 304, text: '', etag: '"3"' });
  expect((await http.call('GET', path, { headers: { 'if-none-match': '"2"' } })).status).toBe(200);
  const change = (headers: Record<string, string>) => http.call('PATCH', path, { body: { name: 'x' }, headers });
  expect(await change({})).toMatchObject({ status: 428, body: { code: 'PRECONDITION_REQUIRED' } });
  expect(await change({ 'if-match': '*' })).toMatchObject({ status: 428 });
  expect(await change({ 'if-match': 'nonsense' })).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
  expect(await change({ 'if-match': '"2"' })).toMatchObject({ status: 412, body: { code: 'VERSION_CONFLICT' } });
  const changed = await change({ 'if-match': '"3"' });
  expect({ status: changed.status, etag: changed.headers.get('etag') }).toEqual({ status: 200, etag: '"4"' });
});

test('what was made says where it is', async () => {
  const started = await http.call('POST', `/api/v1/plans/${ids.plan}/failovers`, { body: { kind: 'DISASTER', reason: 'fire' }, headers: { 'idempotency-key': 'where' } });
  expect(started.status).toBe(202);
  expect(started.headers.get('location')).toBe(`/api/v1/failovers/${ids.failover}`);
  expect(started.body).toMatchObject({ links: { self: `/api/v1/failovers/${ids.failover}`, events: `/api/v1/failovers/${ids.failover}/events` } });
  expect((await http.call('GET', started.headers.get('location')!)).headers.get('retry-after')).toBe('5');
});
