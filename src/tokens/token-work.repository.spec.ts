import { Parts } from '../../test/support/parts.js';
import { ManualClock } from '../common/clock.js';
import { TokenWorkRepository } from './token-work.repository.js';

const CLUSTERS = 1_500;
const ROUNDS = 25;
const now = new Date('2026-11-24T09:00:00Z');
let parts: Parts;
let work: TokenWorkRepository;
let hubId: string;

beforeAll(async () => {
  parts = await Parts.open(new ManualClock(now));
  work = new TokenWorkRepository(parts.sql);
  ({ id: hubId } = await parts.prisma.hub.create({ data: { name: 'east', apiUrl: 'https://east', createdAt: now, createdBy: 't', updatedAt: now } }));
});

afterAll(() => parts.drop());

test('wakers and passes touch the same clusters at once, and none is refused for the other’s sake', async () => {
  const names = Array.from({ length: CLUSTERS }, (_, index) => `c${String(index).padStart(5, '0')}`);
  await work.wake(hubId, names, now);
  const due = (await work.due(hubId, now, CLUSTERS, [])).reverse();
  const again = async (act: () => Promise<void>): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) await act();
  };
  await Promise.all([
    again(() => work.wakeAll(hubId, now)), again(() => work.wake(hubId, names, now)),
    again(() => work.settle(hubId, due.map((one) => ({ ...one, recheckAt: null })), now)), again(() => work.forget(hubId, due)),
  ]);
  // Those that were woken since they were taken are due still.
  expect(await work.due(hubId, now, CLUSTERS + 1, [])).toHaveLength(CLUSTERS);
});
