import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import { tokenPolicy, type HubTokenSettings } from './token-policy.rules.js';

const hub = (change: Partial<HubTokenSettings> = {}): HubTokenSettings => ({
  policy: 'PROTECT', fencing: 'NONE', tokenValiditySeconds: null, tokenExclusions: [], tokenExpiryWarningSeconds: null, tokenPairAfterPercent: 50, tokenRenewalOverdueSeconds: null,
  rpoSeconds: null, ...change,
});
const schedule = (change: Partial<BackupScheduleFacts> = {}): BackupScheduleFacts => ({
  createdAt: null, deleting: false, cron: '0 * * * *', veleroTtl: null, tokenTtl: null, useManagedServiceAccount: true, paused: false, phase: 'Enabled', lastMessage: null, ...change,
});

test.each([
  { because: 'twice 720h is the operator\u2019s own default', schedules: [], hours: 1440, operator: 'ABSENT' },
  { because: 'a schedule that says nothing leaves the default', schedules: [schedule()], hours: 1440, operator: 'ON' },
  { because: 'twice the backups\u2019 life', schedules: [schedule({ veleroTtl: '72h' })], hours: 144, operator: 'ON' },
  { because: 'its own setting comes first', schedules: [schedule({ veleroTtl: '72h', tokenTtl: '300h' })], hours: 300, operator: 'ON' },
  { because: 'nought is no setting', schedules: [schedule({ veleroTtl: '0s', tokenTtl: '0' })], hours: 1440, operator: 'ON' },
  { because: 'garbage is no setting', schedules: [schedule({ veleroTtl: '3 days' })], hours: 1440, operator: 'ON' },
  { because: 'the hub\u2019s setting overrides', schedules: [schedule({ tokenTtl: '300h' })], override: 36_000, hours: 10, operator: 'ON' },
  { because: 'a schedule with the switch off deletes accounts', schedules: [schedule({ useManagedServiceAccount: false })], hours: 1440, operator: 'OFF' },
  { because: 'so it does when paused, as soon as it goes on', schedules: [schedule({ useManagedServiceAccount: false, paused: true })], hours: 1440, operator: 'OFF' },
  { because: 'one that is going away does nothing more', schedules: [schedule({ useManagedServiceAccount: false, deleting: true })], hours: 1440, operator: 'ABSENT' },
  { because: 'of two that disagree, the one with the switch off undoes what the other does', schedules: [schedule({ useManagedServiceAccount: false, tokenTtl: '1h' }), schedule({ tokenTtl: '2h' })], hours: 2, operator: 'OFF' },
  { because: 'unless it rests', schedules: [schedule({ useManagedServiceAccount: false, paused: true }), schedule({ tokenTtl: '2h' })], hours: 2, operator: 'ON' },
  { because: 'or is looked at no more', schedules: [schedule({ useManagedServiceAccount: false, phase: 'BackupCollision' }), schedule({ tokenTtl: '2h' })], hours: 2, operator: 'ON' },
])('$operator, $hours h: $because', ({ schedules, override, hours, operator }) => {
  const policy = tokenPolicy(hub({ tokenValiditySeconds: override ?? null }), true, schedules);
  expect(policy).toMatchObject({ operator, validityMs: hours * 3_600_000, validityOverridden: override !== undefined, protect: true });
});

test.each([
  { because: 'it is to be kept', policy: 'PROTECT', fencing: 'NONE', protect: true },
  { because: 'it is only looked at', policy: 'OBSERVE', fencing: 'NONE', protect: false },
  { because: 'its clusters have moved', policy: 'PROTECT', fencing: 'FENCED', protect: false },
  { because: 'they have moved while it was away', policy: 'PROTECT', fencing: 'NOT_POSSIBLE', protect: false },
  { because: 'it is back, and must not act either', policy: 'PROTECT', fencing: 'RETURNED_UNFENCED', protect: false },
])('a hub under $policy, fencing $fencing, is written to: $protect, as $because', ({ policy, fencing, protect }) => {
  expect(tokenPolicy(hub({ policy, fencing, tokenExclusions: ['env=dev'] }), true, [])).toMatchObject({ protect, exclusions: protect ? ['env=dev'] : [] });
});

test.each([
  { because: 'the schedule that counts tells when sets come', schedules: [schedule({ useManagedServiceAccount: false, cron: '@daily', paused: true }), schedule({ cron: '0 */6 * * *', veleroTtl: '48h' })], gapHours: 6, ttlHours: 48 },
  { because: 'there is none', schedules: [], gapHours: null, ttlHours: null },
  { because: 'its cron is none', schedules: [schedule({ cron: 'often' })], gapHours: null, ttlHours: null },
])('sets: $because', ({ schedules, gapHours, ttlHours }) => {
  const { sets, rpoMs } = tokenPolicy(hub({ rpoSeconds: 7200 }), true, schedules);
  expect(sets === null ? [null, null] : [Math.max(...sets.gapsMs) / 3_600_000, sets.ttlMs / 3_600_000]).toEqual([gapHours, ttlHours]);
  expect(rpoMs).toBe(7_200_000);
});

test.each([
  { because: 'nothing is set', change: {}, margins: { expiryWarningMs: null, pairShare: 0.5, renewalOverdueMs: 900_000 } },
  {
    because: 'all is set', change: { tokenExpiryWarningSeconds: 86_400, tokenPairAfterPercent: 70, tokenRenewalOverdueSeconds: 60 },
    margins: { expiryWarningMs: 86_400_000, pairShare: 0.7, renewalOverdueMs: 60_000 },
  },
  { because: 'no pair is made before half-life', change: { tokenPairAfterPercent: 10 }, margins: { expiryWarningMs: null, pairShare: 0.5, renewalOverdueMs: 900_000 } },
])('margins: $because', ({ change, margins }) => {
  expect(tokenPolicy(hub(change), true, []).margins).toEqual(margins);
});
