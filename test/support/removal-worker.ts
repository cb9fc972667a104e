/** Carries out removals of protection in a process of its own: settings from the environment as for the service. Meant to be killed. */
import { SystemClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { Parts } from './parts.js';

const config = loadConfig(process.env);
if (config.databaseUrl === undefined) throw new Error('DATABASE_URL is missing');
const parts = await Parts.open(new SystemClock(), config, { url: config.databaseUrl.reveal(), drop: () => Promise.resolve() });
await parts.jobs.onModuleInit();
parts.removalProcessor.onModuleInit();
await parts.jobs.onApplicationBootstrap();
console.log('READY');
