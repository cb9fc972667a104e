import { reached } from './reachability.rules.js';

const heardAt = new Date('2026-11-24T12:00:00Z');
const watching = { phase: 'WATCHING', heardAt, errorCode: null } as const;
const failing = { phase: 'BACKING_OFF', heardAt, errorCode: 'HUB_UNREACHABLE' } as const;
const refused = { ...failing, errorCode: 'HUB_FORBIDDEN' } as const;
const listing = { phase: 'LISTING', heardAt: null, errorCode: null } as const;

test.each([
  { because: 'nothing has been heard yet', states: [listing, listing], is: 'UNKNOWN' },
  { because: 'no watch has begun', states: [], is: 'UNKNOWN' },
  { because: 'one that watches is enough', states: [watching, failing, listing], is: 'REACHABLE' },
  { because: 'all have lost it', states: [failing, failing], is: 'UNREACHABLE' },
  { because: 'one had no answer, and the others have none yet', states: [failing, listing], is: 'UNREACHABLE' },
  { because: 'one was refused, and the others have no answer yet', states: [refused, listing], is: 'UNKNOWN' },
  { because: 'all were refused', states: [refused, refused], is: 'UNREACHABLE' },
  { because: 'one is being read', states: [failing, { ...listing, heardAt }], is: 'UNKNOWN' },
  { because: 'a 404 is an answer', states: [{ phase: 'ABSENT', heardAt, errorCode: null } as const, failing], is: 'REACHABLE' },
])('$is: $because', ({ states, is }) => {
  expect(reached(states).is).toBe(is);
});
