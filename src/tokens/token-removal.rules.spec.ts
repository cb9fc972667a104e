import { isForgotten, madeBy, making, notMadeBefore, type Making } from './token-removal.rules.js';

const T0 = Date.parse('2026-11-24T12:00:00Z');
const at = (minutes: number): Date => new Date(T0 + minutes * 60_000);
const made = (minutes: number, strikes = 0): Making => ({ madeAt: at(minutes), strikes });

test.each([
  { because: 'never made', last: undefined, now: 0, before: null },
  { because: 'taken away for the first time: a mistake', last: made(0), now: 1, before: null },
  { because: 'for the second time: five minutes', last: made(0, 1), now: 1, before: 5 },
  { because: 'they are over', last: made(0, 1), now: 5, before: null },
  { because: 'for the third time: ten', last: made(0, 2), now: 1, before: 10 },
  { because: 'an hour at most', last: made(0, 20), now: 1, before: 60 },
  { because: 'it stood for long: nobody fights', last: made(0, 2), now: 20, before: null },
])('$before: $because', ({ last, now, before }) => {
  expect(notMadeBefore(last, at(now))).toEqual(before === null ? null : at(before));
});

test.each([
  { because: 'the first time', last: undefined, now: 0, strikes: 0 },
  { because: 'again at once', last: made(0), now: 1, strikes: 1 },
  { because: 'again after the wait', last: made(0, 2), now: 11, strikes: 3 },
  { because: 'it stood for long', last: made(0, 2), now: 21, strikes: 0 },
])('$strikes strikes: $because', ({ last, now, strikes }) => {
  expect(making(last, at(now))).toEqual(made(now, strikes));
});

test('somebody who takes it away each time sees a bounded number of writes in a day', () => {
  let last: Making | undefined;
  let writes = 0;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    if (notMadeBefore(last, at(minute)) !== null) continue;
    last = making(last, at(minute));
    writes += 1;
  }
  expect(writes).toBeLessThanOrEqual(30);
  expect(last === undefined || isForgotten(last, at(72 * 60))).toBe(true);
});

test('what makes something, and what does not', () => {
  expect([
    madeBy({ type: 'APPLY_ADDON' }), madeBy({ type: 'APPLY_ACCOUNT', account: 'auto-import-account', validityMs: 1 }),
    madeBy({ type: 'APPLY_WORK', name: 'w', binding: 'b', account: 'auto-import-account', namespace: 'n' }), madeBy({ type: 'CHANGE_VALIDITY', account: 'auto-import-account', resourceVersion: '1', validityMs: 1 }), madeBy({ type: 'DELETE_WORK', name: 'w', uid: 'u' }),
  ]).toEqual(['ADDON', 'ACCOUNT auto-import-account', 'WORK w', 'VALIDITY auto-import-account', null]);
});
