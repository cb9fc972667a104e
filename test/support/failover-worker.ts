/**
 * A worker of failovers in a process of its own: settings from the environment as for the service, `READY` on standard output when it works.
 * Ends in an orderly way on SIGTERM; LIFEBOAT_CRASH_AT ends it at once.
 */
import { SystemClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { RecoveryParts } from './recovery-parts.js';

const config = loadConfig(process.env);
if (config.databaseUrl === undefined) throw new Error('DATABASE_URL is missing');
const recovery = await RecoveryParts.open(new SystemClock(), config, { url: config.databaseUrl.reveal(), drop: () => Promise.resolve() });
await recovery.work();
process.on('SIGTERM', () => void recovery.close().then(() => process.exit(0)));
console.log('READY');
