import { parseCron } from './cron.rules.js';
import { schedulePreview, type ClusterLife, type HubSettings, type PreviewFacts, type WantedSchedule } from './schedule-preview.rules.js';
import { nextRuns, runPattern } from './schedule-times.rules.js';
import type { SchedulePreview } from './schedules.types.js';

const now = new Date('2026-11-24T07:10:20Z');
const HOUR = 3_600_000;
const DAY_S = 86_400;
const hub: HubSettings = { policy: 'PROTECT', fencing: 'NONE', tokenValiditySeconds: null, tokenPairAfterPercent: 50 };
const plan = (rpoHours: number): PreviewFacts['plans'][number] => ({ planId: 'p', name: 'east-to-west', rpoSeconds: rpoHours * 3600 });
const good: ClusterLife = { cluster: 'good', askedSeconds: 10 * DAY_S, grantedSeconds: 10 * DAY_S };
const eks: ClusterLife = { cluster: 'eks', askedSeconds: 10 * DAY_S, grantedSeconds: DAY_S };
const unknown: ClusterLife = { cluster: 'unknown', askedSeconds: 10 * DAY_S, grantedSeconds: null };

function preview(change: Partial<WantedSchedule> = {}, facts: Partial<Omit<PreviewFacts, 'hub'>> & { hub?: Partial<HubSettings> } = {}): SchedulePreview {
  const schedule = { cron: '0 */4 * * *', veleroTtlMs: 120 * HOUR, tokenTtlMs: null, useManagedServiceAccount: true, paused: false, ...change };
  const cron = parseCron(schedule.cron)!;
  const pattern = runPattern(cron, schedule.veleroTtlMs, now)!;
  const all = { hubId: 'h', name: 'schedule-acm', plans: [plan(24)], clusters: [good], lastSetExpiresAt: new Date('2026-11-29T04:00:00Z'), ...facts, hub: { ...hub, ...facts.hub } };
  return schedulePreview(schedule, pattern, nextRuns(cron, new Date('2026-11-24T04:00:35Z'), false, now, 5), all);
}
const codes = (told: SchedulePreview): string[] => told.findings.map(({ code }) => code);

test('a sound schedule: what follows, and nothing to find', () => {
  expect(preview()).toEqual({
    hubId: 'h', name: 'schedule-acm', cron: '0 */4 * * *', veleroTtlSeconds: 432_000, useManagedServiceAccount: true, paused: false,
    nextRuns: ['08:00', '12:00', '16:00', '20:00'].map((time) => new Date(`2026-11-24T${time}:00Z`)).concat(new Date('2026-11-25T00:00:00Z')),
    shortestIntervalSeconds: 14_400, longestIntervalSeconds: 14_400, setsKeptLeast: 29, setsKeptMost: 30, restorableSeconds: 417_600, uncoveredSeconds: 0,
    plans: [{ planId: 'p', name: 'east-to-west', rpoSeconds: 86_400, worstAgeSeconds: 14_700, met: true }],
    tokenValiditySeconds: 864_000, tokenValidityFrom: 'TWICE_VELERO_TTL', tokensKeptBy: 'BOTH', tokensLastSeconds: 432_000,
    clustersInNeed: 1, clustersKnown: 1, clustersShort: 0, clustersWithoutCover: 0, shortClusters: [], findings: [],
  });
});

test.each<{ because: string; change?: Partial<WantedSchedule>; facts?: Parameters<typeof preview>[1]; found: string[] }>([
  { because: 'more lies between two runs than may be lost', facts: { plans: [plan(2)] }, found: ['SCHEDULE_RPO_NOT_MET'] },
  { because: 'a set takes its minutes', facts: { plans: [plan(4)] }, found: ['SCHEDULE_RPO_TIGHT'] },
  { because: 'nobody said what may be lost', facts: { plans: [] }, found: [] },
  { because: 'each plan by itself', facts: { plans: [plan(24), plan(1), plan(4)] }, found: ['SCHEDULE_RPO_NOT_MET', 'SCHEDULE_RPO_TIGHT'] },
  { because: 'working days alone leave the weekend', change: { cron: '0 4 * * MON-FRI' }, facts: { plans: [plan(48)] }, found: ['SCHEDULE_RPO_NOT_MET'] },
  { because: 'a set ends before the next is made', change: { cron: '@weekly' }, facts: { plans: [] }, found: ['SCHEDULE_TTL_LEAVES_GAPS', 'SCHEDULE_TOKENS_END_BEFORE_NEXT_SET'] },
  { because: 'five backups take longer than that', change: { cron: '*/5 * * * *' }, found: ['SCHEDULE_TOO_DENSE'] },
  { because: 'tokens end before the sets do', change: { tokenTtlMs: 120 * HOUR }, found: ['SCHEDULE_TOKENS_END_BEFORE_SETS'] },
  { because: 'tokens end before the next set is there', change: { tokenTtlMs: 8 * HOUR }, found: ['SCHEDULE_TOKENS_END_BEFORE_NEXT_SET', 'SCHEDULE_TOKENS_END_BEFORE_SETS'] },
  { because: 'one cluster grants a day', facts: { clusters: [good, eks, unknown] }, found: ['SCHEDULE_CLUSTERS_GRANT_LESS'] },
  { because: 'a day is too little for a daily set', change: { cron: '@daily' }, facts: { plans: [plan(48)], clusters: [good, eks] }, found: ['SCHEDULE_TOKENS_END_BEFORE_NEXT_SET', 'SCHEDULE_CLUSTERS_GRANT_LESS'] },
  { because: 'the operator would delete them', change: { useManagedServiceAccount: false }, found: ['OPERATOR_SWITCHED_OFF'] },
  { because: 'no set is made', change: { paused: true }, found: ['SCHEDULE_PAUSED'] },
  { because: 'and nobody keeps tokens either', change: { paused: true }, facts: { hub: { policy: 'OBSERVE' } }, found: ['SCHEDULE_TOKENS_KEPT_BY_NOBODY', 'SCHEDULE_PAUSED'] },
  { because: 'its fleet has moved', facts: { hub: { fencing: 'FENCED' } }, found: ['HUB_FENCED'] },
  { because: 'its fleet has moved, and it is still', change: { paused: true }, facts: { hub: { fencing: 'FENCED' } }, found: ['SCHEDULE_TOKENS_KEPT_BY_NOBODY', 'SCHEDULE_PAUSED'] },
  { because: 'two say how long tokens are valid', facts: { hub: { tokenValiditySeconds: 3600 } }, found: ['SCHEDULE_VALIDITY_CONTESTED'] },
  { because: 'a late pair leaves less', change: { paused: true }, facts: { hub: { tokenPairAfterPercent: 70 } }, found: ['SCHEDULE_PAUSED', 'SCHEDULE_TOKENS_END_BEFORE_SETS'] },
])('$found: $because', ({ change, facts, found }) => {
  expect(codes(preview(change, facts))).toEqual(found);
});

test.each<{ because: string; change?: Partial<WantedSchedule>; facts?: Parameters<typeof preview>[1]; told: Partial<SchedulePreview> }>([
  { because: 'the operator works it out from the sets\u2019 life', told: { tokenValiditySeconds: 10 * DAY_S, tokenValidityFrom: 'TWICE_VELERO_TTL' } },
  { because: 'the schedule says it', change: { tokenTtlMs: 300 * HOUR }, told: { tokenValiditySeconds: 300 * 3600, tokenValidityFrom: 'TOKEN_TTL' } },
  { because: 'the operator overrides the hub\u2019s setting', facts: { hub: { tokenValiditySeconds: 3600 } }, told: { tokenValiditySeconds: 10 * DAY_S, tokensKeptBy: 'BOTH' } },
  { because: 'a paused operator does not', change: { paused: true }, facts: { hub: { tokenValiditySeconds: 7200 } }, told: { tokenValiditySeconds: 7200, tokenValidityFrom: 'HUB_SETTING', tokensKeptBy: 'LIFEBOAT' } },
  { because: 'without us the operator keeps them', facts: { hub: { policy: 'OBSERVE' } }, told: { tokensKeptBy: 'OPERATOR', tokensLastSeconds: 5 * DAY_S } },
  { because: 'nobody keeps what the operator deletes', change: { useManagedServiceAccount: false }, told: { tokensKeptBy: 'NOBODY', tokensLastSeconds: null, clustersKnown: 0 } },
  { because: 'what is not known is not counted as good', facts: { clusters: [good, eks, unknown] }, told: { clustersInNeed: 3, clustersKnown: 2, clustersShort: 1, shortClusters: [{ cluster: 'eks', lifeSeconds: DAY_S, lastsSeconds: DAY_S / 2 }] } },
  { because: 'a shorter validity is granted by all', change: { tokenTtlMs: 20 * HOUR }, facts: { clusters: [good, eks] }, told: { clustersShort: 2, clustersWithoutCover: 0 } },
])('tokens: $because', ({ change, facts, told }) => {
  expect(preview(change, facts)).toMatchObject(told);
});

test.each([
  { because: 'a new one runs at once', lastRunAt: null, isNew: true, runs: ['2026-11-24T07:11:00.000Z', '2026-11-24T08:00:00.000Z'] },
  { because: 'one that is overdue runs at once', lastRunAt: '2026-11-23T20:00:00Z', isNew: false, runs: ['2026-11-24T07:11:00.000Z', '2026-11-24T08:00:00.000Z'] },
  { because: 'else it waits for its time', lastRunAt: '2026-11-24T04:00:30Z', isNew: false, runs: ['2026-11-24T08:00:00.000Z', '2026-11-24T12:00:00.000Z'] },
])('next runs: $because', ({ lastRunAt, isNew, runs }) => {
  expect(nextRuns(parseCron('0 */4 * * *')!, lastRunAt === null ? null : new Date(lastRunAt), isNew, now, 2).map((at) => at.toISOString())).toEqual(runs);
});

test.each([
  { cron: '@daily', ttlHours: 72, pattern: { shortestMs: 24 * HOUR, longestMs: 24 * HOUR, least: 2, most: 3 }, because: 'the third ends as the fourth begins' },
  { cron: '@daily', ttlHours: 73, pattern: { shortestMs: 24 * HOUR, longestMs: 24 * HOUR, least: 3, most: 4 }, because: 'an hour with four' },
  { cron: '0 4 * * MON-FRI', ttlHours: 48, pattern: { shortestMs: 24 * HOUR, longestMs: 72 * HOUR, least: 0, most: 2 }, because: 'on Sunday night there is none' },
  { cron: '@yearly', ttlHours: 24, pattern: { shortestMs: 365 * 24 * HOUR, longestMs: 366 * 24 * HOUR, least: 0, most: 1 }, because: 'one day of the year, and some have a day more' },
  { cron: '* * * * *', ttlHours: 720, pattern: { shortestMs: 60_000, longestMs: 60_000, least: 43_200, most: 43_200 }, because: 'too many to count one by one' },
])('$cron kept for $ttlHours h: $because', ({ cron, ttlHours, pattern }) => {
  expect(runPattern(parseCron(cron)!, ttlHours * HOUR, now)).toEqual(pattern);
});

test('what never runs has no pattern', () => {
  expect(runPattern(parseCron('0 0 31 2 *')!, HOUR, now)).toBeNull();
});
