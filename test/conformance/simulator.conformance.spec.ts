import { ManualClock } from '../../src/common/clock.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { hubConformance } from './hub-conformance.js';

hubConformance('the simulator', async () => {
  const hub = await SimulatedHub.start({ name: 'hub-east', clock: new ManualClock(new Date('2026-11-24T12:00:00Z')) });
  const weakToken = 'weak-token';
  hub.addToken(weakToken, { user: 'weak', allow: [] });
  hub.settings.bookmarkIntervalMs = 1_000;
  return { connection: (token) => hub.connection(token), weakToken, forgetHistory: () => Promise.resolve(hub.compact()), stop: () => hub.stop() };
});
