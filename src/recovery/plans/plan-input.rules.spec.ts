import { planInputProblem, withDefaults } from './plan-input.rules.js';

test.each([
  { because: 'nothing is wrong', input: { name: 'east to west', rpoSeconds: 3600 }, field: null },
  { because: 'bounds belong to it', input: { rpoSeconds: 60, rtoSeconds: 2_592_000, importWindowSeconds: 10 }, field: null },
  { because: 'a name of blanks is none', input: { name: '  ' }, field: 'name' },
  { because: 'a line break in a name forges log lines', input: { name: 'a\nb' }, field: 'name' },
  { because: 'text that turns around fools readers', input: { name: 'a\u202eb' }, field: 'name' },
  { because: 'too short', input: { rpoSeconds: 59 }, field: 'rpoSeconds' },
  { because: 'too long', input: { rtoSeconds: 2_592_001 }, field: 'rtoSeconds' },
  { because: 'no whole number', input: { importWindowSeconds: 10.5 }, field: 'importWindowSeconds' },
  { because: 'not a number at all', input: { rpoSeconds: Number.NaN }, field: 'rpoSeconds' },
  { because: 'probes without a pause would harm the hub', input: { probeIntervalSeconds: 60 }, field: 'probeIntervalSeconds' },
  { because: 'a word that nobody knows', input: { reachability: 'HOPED' as 'ASSUMED' }, field: 'reachability' },
])('$field: $because', ({ input, field }) => {
  expect(planInputProblem(input)?.field ?? null).toBe(field);
});

test('the defaults ask for another person and give imports an hour', () => {
  expect(withDefaults({ name: ' p ', sourceHubId: 'a', targetHubId: 'b' })).toEqual({
    name: 'p', sourceHubId: 'a', targetHubId: 'b', rpoSeconds: 86_400, rtoSeconds: 3600, importWindowSeconds: 3600, backupRule: 'NEWEST_COMPLETE', approvalRequired: true,
    reachability: 'ASSUMED', probeIntervalSeconds: 21_600, deepCheck: false,
  });
});
