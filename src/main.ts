import 'reflect-metadata';
import { loadConfig } from './config/config.js';
import { startService } from './service.js';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const service = await startService(config);
  let closing: Promise<void> | undefined;
  const stop = () => (closing ??= service.close().then(() => process.exit(0)));
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());

  const lines = [
    `Lifeboat answers at ${service.url}`,
    `  playground  ${service.url}/playground`,
    `  API pages   ${service.url}/docs`,
    service.embedded ? `  data        ${config.dataDir} (embedded PostgreSQL and sealing key)` : `  data        the database of DATABASE_URL`,
  ];
  if (service.firstAdminKey) lines.push(`  admin key   ${service.firstAdminKey}`, '              shown this once: keep it');
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`Lifeboat did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
