import { leaks, tracesOf } from './canaries.js';

const value = 'eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';
const canaries = new Map([['the token', value]]);

test.each([
  { because: 'as it is', text: `{"token":"${value}"}` },
  { because: 'without its head', text: value.slice(40) },
  { because: 'in base64, as in a Secret', text: Buffer.from(value).toString('base64') },
  { because: 'inside something longer in base64, one byte off', text: Buffer.from(`x${value} and more`).toString('base64') },
  { because: 'two bytes off', text: Buffer.from(`xy${value}}`).toString('base64') },
  { because: 'three bytes off, in base64url', text: Buffer.from(`xyz${value}}`).toString('base64url') },
  { because: 'in a URL', text: `/path?token=${encodeURIComponent(value)}` },
])('found: $because', ({ text }) => {
  expect(leaks(canaries, new Map([['the log', `before ${text} after`]]))).toEqual([expect.stringMatching(/^the token in the log: /)]);
});

test('what is not there is not found', () => {
  expect(leaks(canaries, new Map([['the log', `${value.slice(0, 40)} ${Buffer.from(value.slice(0, 40)).toString('base64')}`]]))).toEqual([]);
});

test('a value that could be found by chance is none', () => {
  expect(() => tracesOf('not a password')).toThrow(RangeError);
});
