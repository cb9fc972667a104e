import { cronProblem, parseCron } from './cron.rules.js';

test.each([
  '0 */1 * * *', '*/5 * * * *', '0 0 1,15 * MON-FRI', '@hourly', '@daily', '@every 1h30m', 'CRON_TZ=Europe/Berlin 0 4 * * *', '0-30/10 * ? jan-mar 0', ' 0 4 * * * ',
])('%s is a schedule', (expression) => {
  expect(cronProblem(expression)).toBeNull();
});

test.each([
  { expression: '', because: 'it is empty' },
  { expression: '* * * *', because: 'a field is missing' },
  { expression: '0 0 * * * *', because: 'Velero knows no seconds' },
  { expression: '60 * * * *', because: 'an hour has sixty minutes' },
  { expression: '0 24 * * *', because: 'a day has 24 hours' },
  { expression: '0 0 0 * *', because: 'no month has a day nought' },
  { expression: '0 0 * * 7', because: 'its Sunday is 0' },
  { expression: '5-1 * * * *', because: 'a range goes up' },
  { expression: '*/0 * * * *', because: 'a step moves' },
  { expression: '0 0 * foo *', because: 'there is no such month' },
  { expression: '1--2 * * * *', because: 'that is no range' },
  { expression: '0 0 31 2 *', because: 'February has no such day' },
  { expression: '0 0 30 2 ?', because: 'nor this one' },
  { expression: 'CRON_TZ=Mars/Olympus 0 4 * * *', because: 'nobody keeps time there' },
  { expression: '@reboot', because: 'Velero does not know it' },
  { expression: '@every soon', because: 'that is no duration' },
  { expression: '@every 1s', because: 'Velero looks once a minute' },
  { expression: '0 * * * *; rm -rf /', because: 'that is something else' },
])('$expression is none: $because', ({ expression }) => {
  expect(cronProblem(expression)).not.toBeNull();
});

test.each([
  { expression: '0 */4 * * *', after: '2026-11-24T07:00:00Z', runs: ['2026-11-24T08:00:00Z', '2026-11-24T12:00:00Z', '2026-11-24T16:00:00Z'], because: 'every fourth hour' },
  { expression: '0 */4 * * *', after: '2026-11-24T08:00:00Z', runs: ['2026-11-24T12:00:00Z'], because: 'now is not after now' },
  { expression: '5/20 3 * * *', after: '2026-11-24T07:00:00Z', runs: ['2026-11-25T03:05:00Z', '2026-11-25T03:25:00Z', '2026-11-25T03:45:00Z', '2026-11-26T03:05:00Z'], because: 'a step goes on to the end' },
  { expression: '30 1 13 * FRI', after: '2026-11-01T00:00:00Z', runs: ['2026-11-06T01:30:00Z', '2026-11-13T01:30:00Z', '2026-11-20T01:30:00Z'], because: 'either day will do where both are told' },
  { expression: '0 0 */10 * MON', after: '2026-11-01T12:00:00Z', runs: ['2026-11-02T00:00:00Z', '2026-11-09T00:00:00Z', '2026-11-11T00:00:00Z'], because: 'a star with a step is a choice of days' },
  { expression: '0 0 31 * *', after: '2026-11-24T07:00:00Z', runs: ['2026-12-31T00:00:00Z', '2027-01-31T00:00:00Z', '2027-03-31T00:00:00Z'], because: 'some months end sooner' },
  { expression: '0 0 29 2 *', after: '2026-11-24T07:00:00Z', runs: ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z'], because: 'leap years are rare' },
  { expression: '@weekly', after: '2026-11-24T07:00:00Z', runs: ['2026-11-29T00:00:00Z'], because: 'weeks begin on Sunday' },
  { expression: '@every 1h30m', after: '2026-11-24T07:10:20.500Z', runs: ['2026-11-24T08:40:20Z', '2026-11-24T10:10:20Z'], because: 'counted from the run before' },
  { expression: 'CRON_TZ=Europe/Berlin 0 4 * * *', after: '2026-10-24T07:00:00Z', runs: ['2026-10-25T03:00:00Z', '2026-10-26T03:00:00Z'], because: 'winter time begins in between' },
  { expression: 'TZ=Europe/Berlin 30 2 * * *', after: '2027-03-27T07:00:00Z', runs: ['2027-03-29T00:30:00Z'], because: 'on the 28th there is no half past two' },
  { expression: 'TZ=Europe/Berlin 30 2 * * *', after: '2026-10-24T07:00:00Z', runs: ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'], because: 'half past two comes twice, and counts once' },
  { expression: 'TZ=Asia/Kolkata 0 0 1 * *', after: '2026-11-24T07:00:00Z', runs: ['2026-11-30T18:30:00Z'], because: 'some clocks are half an hour apart' },
])('$expression after $after: $because', ({ expression, after, runs }) => {
  const found: string[] = [];
  for (let at: Date | null = new Date(after); at !== null && found.length < runs.length;) {
    at = parseCron(expression)?.next(at) ?? null;
    found.push(at?.toISOString().replace('.000Z', 'Z') ?? 'never');
  }
  expect(found).toEqual(runs);
});

test('what is no schedule has no runs', () => {
  expect(parseCron('often')).toBeNull();
  expect(parseCron('0 0 31 2 *')?.next(new Date('2026-11-24T07:00:00Z'))).toBeNull();
});
