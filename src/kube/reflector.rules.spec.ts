import { isSetBack } from './reflector.rules.js';

test.each([
  { because: 'nothing has happened', known: '10', present: '10', setBack: false },
  { because: 'the store has gone on', known: '9', present: '10', setBack: false },
  { because: 'the store is behind what it gave out', known: '10', present: '9', setBack: true },
  { because: 'beyond what a double can tell apart', known: '9007199254740993', present: '9007199254740992', setBack: true },
  { because: 'no number can be compared', known: 'abc', present: '10', setBack: true },
  { because: 'an empty version says nothing', known: '10', present: '', setBack: true },
])('$known, $present: $because', ({ known, present, setBack }) => {
  expect(isSetBack(known, present)).toBe(setBack);
});
