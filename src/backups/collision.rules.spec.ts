import { taintOf } from './collision.rules.js';

const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 24, hour));
const mine = 'east';
const backup = (ownerClusterId: string, hour: number) => ({ ownerClusterId, startedAt: at(hour) });
const takeover = (clusterId: string, hour: number) => ({ name: `acm-restore-clusters-${hour}`, clusterId, at: at(hour) });

test.each([
  { because: 'nobody else is there', before: 8, others: [], takeovers: [], isTainted: false },
  { because: 'another hub backed up in between', before: 8, others: [backup('west', 9)], takeovers: [], isTainted: true },
  { because: 'another hub backed up earlier, and later', before: 8, others: [backup('west', 7), backup('west', 11)], takeovers: [], isTainted: false },
  { because: 'the first set of a hub that took over comes after those of the hub before it', before: null, others: [backup('west', 8), backup('west', 9)], takeovers: [takeover(mine, 9)], isTainted: false },
  { because: 'the first set of a new hub', before: null, others: [backup('west', 9)], takeovers: [], isTainted: false },
  { because: 'it came back to the hub in between', before: 2, others: [backup('west', 5)], takeovers: [takeover(mine, 6)], isTainted: false },
  { because: 'the other one went on after it had lost the fleet', before: 2, others: [backup('west', 5), backup('west', 8)], takeovers: [takeover(mine, 6)], isTainted: true },
  { because: 'another hub had taken the fleet', before: 8, others: [], takeovers: [takeover('west', 9)], isTainted: true },
  { because: 'also if it is its first set', before: null, others: [], takeovers: [takeover('west', 9)], isTainted: true },
  { because: 'another hub took the fleet afterwards', before: 8, others: [], takeovers: [takeover('west', 11)], isTainted: false },
  { because: 'the last takeover counts', before: 8, others: [], takeovers: [takeover('west', 5), takeover(mine, 6)], isTainted: false },
  { because: 'its own backups are no collision', before: 8, others: [backup(mine, 9)], takeovers: [], isTainted: false },
])('tainted $isTainted: $because', ({ before, others, takeovers, isTainted }) => {
  const why = taintOf({ ownerClusterId: mine, startedAt: at(10) }, before === null ? null : at(before), others, takeovers);
  expect(why !== null).toBe(isTainted);
  if (why !== null) expect(why).toContain('Hub west');
});
