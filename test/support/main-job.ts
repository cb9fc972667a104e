import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { ShiftableClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { ApiClient } from '../../src/demo/api-client.js';
import { Screen } from '../../src/demo/screen.js';
import { Story } from '../../src/demo/story.js';
import type { Stage } from '../../src/demo/story.types.js';
import { startService } from '../../src/service.js';
import type { Fleet } from '../../src/simulator/scenarios/fleet.js';
import type { World } from '../../src/simulator/scenarios/world.js';
import { cloneTestDatabase } from './database.js';

export const EAST = 'hub-east';
export const WEST = 'hub-west';

/** The stage of the story on any world whose hubs are called so. */
export function stageOn(world: World, fleet: Fleet, clock: ShiftableClock, kubeconfigs: Readonly<Record<string, string>>, { loseEast, letAMomentPass }: Pick<Stage, 'loseEast' | 'letAMomentPass'>): Stage {
  return {
    clusterCount: fleet.clusters.length + 1,
    clustersWithoutToken: fleet.counts.asleep + fleet.counts.lateToken,
    kubeconfig: (hub) => kubeconfigs[hub] ?? '',
    loseSomeClusters: () => {
      for (const name of fleet.names('unreachable')) world.clusters.get(name).sleep();
      return fleet.counts.unreachable + fleet.counts.asleep;
    },
    loseEast,
    letAMomentPass,
    advanceMinutes: (minutes) => clock.advance(minutes * 60_000),
  };
}

export interface MainJob {
  readonly asPredicted: boolean;
  /** What was told on the way, and every answer of the API */
  readonly said: string;
  /** Every row of every table, the queues' too, as text */
  readonly stored: string;
}

/** Plays the demo's story, which uses the public API only, on a service and a database of its own. */
export async function playMainJob(stage: Stage, clock: ShiftableClock, whileUp: (api: ApiClient) => Promise<void> = async () => undefined): Promise<MainJob> {
  const database = await cloneTestDatabase();
  const said: string[] = [];
  const config = loadConfig({
    DATABASE_URL: database.url, PORT: '0', LOG_LEVEL: 'silent', LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', LIFEBOAT_FAILOVER_POLL_SECONDS: '1', LIFEBOAT_IMPORT_RETRY_SECONDS: '5',
    LIFEBOAT_SEALING_KEYS: `test:${randomBytes(32).toString('base64')}`,
  });
  const service = await startService(config, { clock });
  try {
    const api = new ApiClient(`${service.url}/api/v1`, service.firstAdminKey ?? '', (answer) => said.push(answer));
    const asPredicted = await new Story(api, stage, new Screen({ write: (text) => said.push(text) })).tell();
    await whileUp(api);
    return { asPredicted, said: said.join(''), stored: await everythingStored(database.url) };
  } finally {
    await service.close();
    await database.drop();
  }
}

async function everythingStored(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    let text = '';
    for (const { name } of rows) text += (await client.query<{ text: string | null }>(`SELECT string_agg(t::text, E'\\n') AS text FROM ${name} t`)).rows[0]?.text ?? '';
    return text;
  } finally {
    await client.end();
  }
}
