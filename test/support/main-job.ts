import { randomBytes } from 'node:crypto';
import type { ShiftableClock } from '../../src/common/clock.js';
import { freePort } from '../../src/common/free-ports.js';
import { ApiClient, ApiProblem } from '../../src/demo/api-client.js';
import { Screen } from '../../src/demo/screen.js';
import { Story } from '../../src/demo/story.js';
import { waitFor, type FailoverView, type HubView, type ImportView, type RestoreView, type Stage } from '../../src/demo/story.types.js';
import type { Fleet, FleetGroup } from '../../src/simulator/scenarios/fleet.js';
import type { World } from '../../src/simulator/scenarios/world.js';
import { cloneTestDatabase, type TestDatabase } from './database.js';
import { RowRecorder } from './row-recorder.js';
import { ServiceProcess, type RunningServiceProcess } from './service-process.js';

export const EAST = 'hub-east';
export const WEST = 'hub-west';

/** How each group of the demo's fleet ends when its hub has been dead for twelve hours: predicted verdict and code, and what happens. */
export const ENDS: Readonly<Record<FleetGroup, string>> = {
  good: 'READY → RECONNECTED',
  hive: 'NOT_NEEDED → NOT_NEEDED',
  hosted: 'NOT_NEEDED → NOT_NEEDED',
  noUrl: 'NOT_READY API_URL_MISSING → API_URL_MISSING',
  asleep: 'NOT_READY TOKEN_MISSING → NO_TOKEN_RESTORED',
  lateToken: 'NOT_READY TOKEN_NOT_IN_BACKUP → NO_TOKEN_RESTORED',
  shortToken: 'NOT_READY TOKEN_EXPIRED → TOKEN_EXPIRED',
  unreachable: 'NOT_READY CLUSTER_UNREACHABLE → CLUSTER_UNREACHABLE',
};

/** What the stage of the story cannot know of a world's hubs. */
export type Scenery = Pick<Stage, 'loseEast' | 'letAMomentPass'> & { readonly kubeconfigs: Readonly<Record<string, string>> };

/** Calls back when the hub is about to be protected: until then Lifeboat only observes. */
class TellersClient extends ApiClient {
  constructor(baseUrl: string, key: string, onAnswer: (text: string) => void, private readonly beforeProtect: () => Promise<void>) {
    super(baseUrl, key, onAnswer);
  }

  override async patch<T>(path: string, body: unknown): Promise<T> {
    if ((body as { policy?: string }).policy === 'PROTECT') await this.beforeProtect();
    return super.patch<T>(path, body);
  }
}

interface OpenapiGet {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: { readonly format?: string } }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface Openapi {
  readonly paths: Readonly<Record<string, { readonly get?: OpenapiGet }>>;
}

/**
 * The demo's story, which uses the public API only, on a service in a process of its own and a database of its own. Keeps all that leaves
 * the service but for what it says to hubs: answers, log lines, and every row that it ever wrote.
 */
export class MainJob {
  private readonly answers: string[] = [];
  private readonly told: string[] = [];
  private readonly logs: string[] = [];

  private constructor(
    private readonly database: TestDatabase,
    private readonly env: Readonly<Record<string, string>>,
    private service: RunningServiceProcess,
    private readonly recorder: RowRecorder,
    readonly clock: ShiftableClock,
    readonly adminKey: string,
  ) {}

  static async open(clock: ShiftableClock): Promise<MainJob> {
    const database = await cloneTestDatabase();
    const env = {
      DATABASE_URL: database.url, PORT: String(await freePort()), LOG_LEVEL: 'trace', LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_FAILOVER_POLL_SECONDS: '0.5',
      LIFEBOAT_IMPORT_RETRY_SECONDS: '2', LIFEBOAT_SWEEP_SECONDS: '2', LIFEBOAT_LEASE_SECONDS: '5', LIFEBOAT_SEALING_KEYS: `test:${randomBytes(32).toString('base64')}`,
    };
    const service = await ServiceProcess.start(env);
    return new MainJob(database, env, service, await RowRecorder.watch(database.url), clock, service.firstAdminKey ?? '');
  }

  /** As the first administrator. */
  get api(): ApiClient {
    return new ApiClient(this.baseUrl, this.adminKey, (answer) => this.answers.push(answer));
  }

  stage(world: World, fleet: Fleet, { kubeconfigs, ...scenery }: Scenery): Stage {
    return {
      clusterCount: fleet.clusters.length + 1,
      clustersWithoutToken: fleet.counts.asleep + fleet.counts.lateToken,
      kubeconfig: (hub) => kubeconfigs[hub] ?? '',
      loseSomeClusters: () => {
        for (const name of fleet.names('unreachable')) world.clusters.get(name).sleep();
        return fleet.counts.unreachable + fleet.counts.asleep;
      },
      advanceMinutes: (minutes) => this.advance(minutes * 60_000),
      ...scenery,
    };
  }

  /** Tells the whole story. @throws Error with what was told, where it does not end as predicted */
  async play(stage: Stage, beforeProtect: () => Promise<void>): Promise<void> {
    const screen = new Screen({ write: (text) => this.told.push(text) });
    const api = new TellersClient(this.baseUrl, this.adminKey, (answer) => this.answers.push(answer), beforeProtect);
    const asPredicted = await new Story(api, stage, screen).tell().catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.story}`, { cause: error });
    });
    if (!asPredicted) throw new Error(this.story);
  }

  /** What the demo would have printed. */
  get story(): string {
    return this.told.join('');
  }

  /** For the service and for the world alike. */
  async advance(ms: number): Promise<void> {
    await this.service.advance(ms);
    this.clock.advance(ms);
  }

  /** Another process at the same address, which knows nothing but the tables. Only while the clock has not been moved: a new process begins with the system's. */
  async restart(): Promise<void> {
    await this.service.close();
    this.logs.push(this.service.printed);
    this.service = await ServiceProcess.start(this.env);
  }

  async hub(name: string): Promise<HubView & { readonly fencing: string }> {
    const hub = (await this.api.all<HubView & { readonly fencing: string }>('/hubs')).find((one) => one.name === name);
    if (!hub) throw new Error(`There is no hub ${name}`);
    return hub;
  }

  /** How each group of the fleet was predicted to end and ended: one line for each way that occurs. */
  async endsByGroup(failoverId: string, fleet: Fleet): Promise<Record<string, string[]>> {
    const groups = new Map(fleet.clusters.map(({ name, group }) => [name, group]));
    const ends: Record<string, string[]> = {};
    for (const { cluster, predictedVerdict, predictedCode, outcomeCode } of await this.api.all<ImportView>(`/failovers/${failoverId}/imports`)) {
      const line = `${[predictedVerdict, predictedCode].filter((part) => part !== null).join(' ')} → ${outcomeCode}`;
      const lines = (ends[groups.get(cluster) ?? cluster] ??= []);
      if (!lines.includes(line)) lines.push(line);
    }
    return ends;
  }

  /** The only failover that there is. */
  async failover(): Promise<FailoverView & { readonly requestedBy: string; readonly planId: string; readonly correlation: { readonly number: string } | null }> {
    const failovers = await this.api.all<Awaited<ReturnType<MainJob['failover']>>>('/failovers');
    if (failovers.length !== 1) throw new Error(`There are ${failovers.length} failovers`);
    return this.api.get(`/failovers/${failovers[0]!.id}`);
  }

  restores(): Promise<(RestoreView & { readonly id: string; readonly spec: Readonly<Record<string, unknown>> })[]> {
    return this.api.all('/restores');
  }

  /** The code with which a call is refused. @throws Error where it is not */
  async refusal(call: (api: ApiClient) => Promise<unknown>): Promise<string> {
    const answer = await call(this.api).catch((error: unknown) => error);
    if (answer instanceof ApiProblem) return answer.code;
    throw answer instanceof Error ? answer : new Error('It was not refused');
  }

  /** Which version of each token Secret the service has seen last, by `namespace/name`. */
  async tokenVersions(hub: string): Promise<Map<string, string>> {
    const rows = await this.recorder.query<{ ref: string; version: string }>(
      `SELECT o.namespace || '/' || o.name AS ref, o.resource_version AS version FROM hub_object o JOIN hub h ON h.id = o.hub_id WHERE h.name = $1 AND o.kind = 'TOKEN_SECRET'`, [hub],
    );
    return new Map(rows.map(({ ref, version }) => [ref, version]));
  }

  /** The source comes back: by the time that this resolves it is fenced, as the API says. */
  async untilFenced(): Promise<void> {
    await waitFor(async () => {
      await this.advance(10_000); // it must have answered for half a minute
      return (await this.hub(EAST)).fencing === 'FENCED';
    }, 'the returned hub to be fenced');
  }

  /** Asks for everything that can be asked for: each GET of the API description, for each thing that there is, and the metrics. @returns how many answers */
  async askForEverything(): Promise<number> {
    const { paths } = (await (await fetch(`${this.service.url}/openapi.json`)).json()) as Openapi;
    const gets = new Map(Object.entries(paths).flatMap(([path, { get }]) => (get === undefined ? [] : [[path.replace('/api/v1', ''), get] as const])));
    const before = this.answers.length;
    for (const [path, get] of gets) {
      for (const filled of await this.filled(path, gets)) {
        const whole = filled + queryOf(get);
        if (isText(get)) this.answers.push(await (await fetch(this.baseUrl + whole, { headers: { authorization: `Bearer ${this.adminKey}` } })).text());
        else await this.api.get(whole).catch(noneOfThem);
      }
    }
    const metrics = await fetch(`${this.service.url}/metrics`, { headers: { authorization: `Bearer ${this.adminKey}` } });
    this.answers.push(await metrics.text());
    return this.answers.length - before;
  }

  /** Where secrets must not turn up: everything that left the service, by place. Ends the service, so that its last words are among them. */
  async places(): Promise<Map<string, string>> {
    await this.service.close();
    const places = await this.recorder.seen();
    places.set('the answers of the API', this.answers.join('\n'));
    places.set('the log', [...this.logs, this.service.printed].join('\n'));
    return places;
  }

  /** What the service was given in secret. */
  get ownSecrets(): Map<string, string> {
    const sealingKey = (this.env['LIFEBOAT_SEALING_KEYS'] ?? '').split(':')[1] ?? '';
    return new Map([['the sealing key', sealingKey.replace(/=+$/, '')], ['the admin’s key', this.adminKey]]);
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.recorder.close();
    await this.database.drop();
  }

  private get baseUrl(): string {
    return `${this.service.url}/api/v1`;
  }

  private async filled(path: string, gets: ReadonlyMap<string, OpenapiGet>): Promise<string[]> {
    if (!path.includes('{')) return [path];
    const list = path.slice(0, path.indexOf('/{'));
    if (!gets.has(list)) return []; // nothing lists them
    const one = path.slice(path.indexOf('{'));
    const paths = (await this.api.all<{ id: string }>(list)).map(({ id }) => `${list}/${id}${one.slice(one.indexOf('}') + 1)}`);
    if (!one.includes('{cluster}')) return paths;
    const deeper = paths.map(async (each) => (await this.api.all<ImportView>(each.slice(0, each.indexOf('/{')))).map(({ cluster }) => each.replace('{cluster}', cluster)));
    return (await Promise.all(deeper)).flat();
  }
}

/** That there is no such thing, or that it cannot be said of what there is, is an answer too, and kept like any other. */
function noneOfThem(error: unknown): void {
  if (!(error instanceof ApiProblem && [404, 422].includes(error.status))) throw error;
}

/** As many rows as there are, and what must be said. */
function queryOf({ parameters = [] }: OpenapiGet): string {
  const query = parameters.filter((one) => one.in === 'query').flatMap(({ name, required }) => {
    if (name === 'limit') return ['limit=200'];
    return required === true ? [`${name}=${new Date(Date.now() - 3_600_000).toISOString()}`] : []; // since, at
  });
  return query.length === 0 ? '' : `?${query.join('&')}`;
}

const isText = ({ responses }: OpenapiGet): boolean => Object.keys(responses['200']?.content ?? {}).some((type) => type === 'text/csv');
