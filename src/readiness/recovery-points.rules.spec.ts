import { compareWithNewest, type PointOutcome } from './recovery-points.rules.js';
import type { ClusterVerdict } from './readiness.types.js';

const point = (startedAt: string, verdicts: Record<string, ClusterVerdict>): PointOutcome => ({ startedAt: new Date(startedAt), verdicts: new Map(Object.entries(verdicts)) });

const newest = point('2026-11-24T12:00:00Z', { a: 'READY', b: 'AT_RISK', c: 'NOT_READY', d: 'UNKNOWN', e: 'NOT_NEEDED' });

test.each<[string, PointOutcome, number, number, string]>([
  ['itself', newest, 0, 0, 'The newest usable set'],
  ['the same clusters', point('2026-11-24T11:30:00Z', { a: 'AT_RISK', b: 'READY', c: 'NOT_READY' }), 0, 0, '30 minutes older brings back the same clusters'],
  ['more', point('2026-11-24T11:30:00Z', { a: 'READY', b: 'READY', c: 'READY', d: 'READY' }), 2, 0, '30 minutes older brings back 2 clusters more'],
  ['fewer', point('2026-11-23T09:00:00Z', { a: 'READY' }), 0, 1, '1 day 3 hours older leaves 1 cluster behind'],
  ['others', point('2026-11-24T11:00:00Z', { a: 'READY', c: 'READY' }), 1, 1, '1 hour older brings back 1 cluster more and leaves 1 cluster behind'],
])('%s', (_what, set, bringsBackMore, leavesBehind, comparison) => {
  expect(compareWithNewest(set, newest)).toEqual({ bringsBackMore, leavesBehind, comparison });
});
