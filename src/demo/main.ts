import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ShiftableClock } from '../common/clock.js';
import { loadConfig } from '../config/config.js';
import { startService } from '../service.js';
import { ApiClient } from './api-client.js';
import { Backdrop } from './backdrop.js';
import { Screen } from './screen.js';
import { Story } from './story.js';

const USAGE = `npm run demo -- [--keep] [--clusters N] [--seed S]
  --keep         stay up afterwards; prints the addresses and a key
  --clusters N   managed clusters of hub-east, default 200 (10 to 5,000)
  --seed S       another fleet, default 1`;

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean', default: false }, clusters: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } },
  });
  const [clusters, seed] = [Number(values.clusters), Number(values.seed)];
  if (values.help || !Number.isInteger(clusters) || clusters < 10 || clusters > 5000 || !Number.isInteger(seed)) {
    process.stdout.write(`${USAGE}\n`);
    return values.help;
  }
  const screen = new Screen(process.stdout);
  const dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-demo-'));
  const clock = new ShiftableClock();
  screen.title(`Lifeboat demo: two hubs, ${clusters} managed clusters, one of the hubs dies`);
  const backdrop = await Backdrop.raise(clock, clusters, seed);
  screen.step('two simulated hubs answer over HTTPS; they share one backup storage');
  const config = loadConfig({
    LIFEBOAT_DATA_DIR: dataDir, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', PORT: process.env['PORT'] ?? '0', LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    LIFEBOAT_FAILOVER_POLL_SECONDS: '1', LIFEBOAT_IMPORT_RETRY_SECONDS: '5',
  });
  const service = await startService(config, { clock });
  screen.step(`Lifeboat answers at ${service.url}, on its embedded PostgreSQL`);
  try {
    const story = new Story(new ApiClient(`${service.url}/api/v1`, service.firstAdminKey ?? ''), backdrop, screen);
    const asPredicted = await story.tell();
    if (values.keep) await keep();
    return asPredicted;
  } finally {
    await service.close();
    await backdrop.stop();
    await rm(dataDir, { recursive: true, force: true });
  }

  async function keep(): Promise<void> {
    screen.title('Everything stays up until you press Ctrl-C');
    screen.line(`playground   ${service.url}/playground`);
    screen.line(`API pages    ${service.url}/docs`);
    for (const name of ['hub-east', 'hub-west']) {
      const path = join(dataDir, `${name}.kubeconfig`);
      await writeFile(path, backdrop.kubeconfig(name), { mode: 0o600 });
      screen.line(`${name}     ${backdrop.address(name)}, kubeconfig ${path}`);
    }
    screen.line(`admin key    ${service.firstAdminKey}`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
}

main().then(
  (asPredicted) => process.exit(asPredicted ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
