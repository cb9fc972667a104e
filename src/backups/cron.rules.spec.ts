import { cronProblem } from './cron.rules.js';

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
  { expression: '@reboot', because: 'Velero does not know it' },
  { expression: '@every soon', because: 'that is no duration' },
  { expression: '@every 1s', because: 'Velero looks once a minute' },
  { expression: '0 * * * *; rm -rf /', because: 'that is something else' },
])('$expression is none: $because', ({ expression }) => {
  expect(cronProblem(expression)).not.toBeNull();
});
