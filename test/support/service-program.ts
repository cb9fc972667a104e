/**
 * The service in a process of its own, as `npm start` runs it, but with a clock that its parent moves. Settings come from the environment.
 * To the parent: `{ url, firstAdminKey }` when it answers, `{ movedMs }` when the clock is moved. Ends in an orderly way on SIGTERM, and with its parent.
 */
import 'reflect-metadata';
import { ShiftableClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { startService } from '../../src/service.js';

const clock = new ShiftableClock();
process.on('message', ({ moveMs }: { moveMs: number }) => {
  clock.advance(moveMs);
  process.send?.({ movedMs: moveMs });
});
process.on('disconnect', () => process.exit(1));
const service = await startService(loadConfig(process.env), { clock });
process.once('SIGTERM', () => void service.close().then(() => process.exit(0)));
process.send?.({ url: service.url, firstAdminKey: service.firstAdminKey });
