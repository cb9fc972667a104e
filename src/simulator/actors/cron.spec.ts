import { parseCron } from './cron.js';

describe('cron', () => {
  test.each([
    { cron: '0 */2 * * *', after: '2026-11-24T20:06:35Z', next: '2026-11-24T22:00:00.000Z', because: 'every second hour' },
    { cron: '0 */2 * * *', after: '2026-11-24T22:00:00Z', next: '2026-11-25T00:00:00.000Z', because: 'a moment is not after itself, and the day turns' },
    { cron: '*/5 * * * *', after: '2026-11-24T20:59:59Z', next: '2026-11-24T21:00:00.000Z', because: 'steps wrap at the hour' },
    { cron: '30 4 1,15 * *', after: '2026-11-24T20:00:00Z', next: '2026-12-01T04:30:00.000Z', because: 'lists' },
    { cron: '0 0 * * mon', after: '2026-11-24T20:00:00Z', next: '2026-11-30T00:00:00.000Z', because: 'names of days' },
    { cron: '0 0 13 * 5', after: '2026-11-24T20:00:00Z', next: '2026-11-27T00:00:00.000Z', because: 'day of month or day of week, where both are given' },
    { cron: '0 0 29 2 *', after: '2026-11-24T20:00:00Z', next: '2028-02-29T00:00:00.000Z', because: 'the next leap year' },
    { cron: '10-20/5 1-3 * jan-feb ?', after: '2026-01-01T01:11:00Z', next: '2026-01-01T01:15:00.000Z', because: 'ranges with steps' },
    { cron: '@daily', after: '2026-11-24T20:00:00Z', next: '2026-11-25T00:00:00.000Z', because: 'a macro' },
    { cron: '@every 1h30m', after: '2026-11-24T20:00:00Z', next: '2026-11-24T21:30:00.000Z', because: 'a fixed interval' },
  ])('$cron: $because', ({ cron, after, next }) => {
    expect(parseCron(cron)?.next(new Date(after))?.toISOString()).toBe(next);
  });

  test.each(['', '* * * *', '* * * * * *', '60 * * * *', '* 24 * * *', '5-1 * * * *', '*/0 * * * *', 'x * * * *', '*-5 * * * *', '@every', '@every 1ms', '@fortnightly'])('refuses %j', (cron) => {
    expect(parseCron(cron)).toBeNull();
  });

  test('a day that never comes has no next run', () => {
    expect(parseCron('0 0 31 2 *')?.next(new Date('2026-01-01T00:00:00Z'))).toBeNull();
  });
});
