import type { TargetPath, TokenCheck, TokenInSet } from './cluster-verdict.rules.js';
import { recheckAt } from './recheck.rules.js';

const HOUR = 3_600_000;
const now = new Date('2026-11-24T12:00:00Z');
const hours = (count: number): Date => new Date(now.getTime() + count * HOUR);
const later = (at: Date): Date => new Date(at.getTime() + 1);

const token: TokenInSet = { account: 'a', belief: 'INFERRED_IN', reason: null, expiresAt: hours(500), evidence: '' };
const check: TokenCheck = { state: 'REFUSED', account: 'a', refreshedAt: null, checkedAt: hours(-70), since: null, detail: '', lastAttempt: null };
const path: TargetPath = { state: 'PROVEN', checkedAt: hours(-30), detail: '' };
const at = (one: TargetPath | undefined, inSet: readonly TokenInSet[], counts: number | undefined, origin: 'IMPORTED' | 'HIVE' = 'IMPORTED') => recheckAt(
  { name: 'c1', origin, inSet },
  { now, horizonMs: 24 * HOUR, paths: { mustBeProven: true, provenForMs: 32 * HOUR, byCluster: new Map(one === undefined ? [] : [['c1', one]]), ...(counts === undefined ? {} : { deepCheckCountsForMs: counts }) } },
);

test.each([
  { because: 'nothing of it depends on the time', got: at(undefined, [], 72 * HOUR), when: null },
  { because: 'the horizon reaches the expiry', got: at(undefined, [token], undefined), when: hours(476) },
  { because: 'the horizon reaches the moment from which the expiry is doubtful', got: at(undefined, [{ ...token, doubtfulFrom: hours(100) }], undefined), when: hours(76) },
  { because: 'that moment itself', got: at(undefined, [{ ...token, doubtfulFrom: hours(0.2) }], undefined), when: hours(0.2) },
  { because: 'a restore that begins then may not be done in time', got: at(undefined, [{ ...token, expiresAt: hours(10) }], undefined), when: hours(9.75) },
  {
    because: 'the horizon reaches the expiry of what lies on the target',
    got: recheckAt({ name: 'c1', origin: 'IMPORTED', inSet: [token] }, { now, horizonMs: 24 * HOUR, paths: { mustBeProven: false, provenForMs: 32 * HOUR, byCluster: new Map(), left: new Map([['c1', [{ account: 'b', expiresAt: hours(30), refreshedAt: null }]]]) } }), when: hours(6),
  },
  { because: 'the proof of the way is too old', got: at(path, [token], undefined), when: later(hours(2)) },
  { because: 'the cluster’s word on its token is too old', got: at({ ...path, state: 'UNKNOWN', checkedAt: hours(-99), deepCheck: check }, [token], 72 * HOUR), when: later(hours(2)) },
  { because: 'that word does not count, as the plan does not ask', got: at({ ...path, checkedAt: hours(-99), deepCheck: check }, [], undefined), when: null },
  { because: 'it has been too old for long', got: at({ ...path, checkedAt: hours(-99), deepCheck: { ...check, checkedAt: hours(-80) } }, [], 72 * HOUR), when: null },
  { because: 'Hive’s clusters wait for nothing', got: at(path, [token], 72 * HOUR, 'HIVE'), when: null },
])('looked at again at $when: $because', ({ got, when }) => {
  expect(got).toEqual(when);
});
