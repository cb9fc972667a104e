import { matchesSelector, matchesVeleroSelectors, veleroLabelValue } from './selectors.js';

describe('label selectors', () => {
  const labels = { 'cluster.open-cluster-management.io/backup': 'msa', plain: '' };
  const key = 'cluster.open-cluster-management.io/backup';
  test.each([
    { selector: undefined, matches: true, because: 'no selector takes all' },
    { selector: { matchLabels: { [key]: 'msa' } }, matches: true, because: 'equal' },
    { selector: { matchLabels: { [key]: 'other' } }, matches: false, because: 'other value' },
    { selector: { matchExpressions: [{ key, operator: 'Exists' }] }, matches: true, because: 'there' },
    { selector: { matchExpressions: [{ key: 'plain', operator: 'Exists' }] }, matches: true, because: 'an empty value is there' },
    { selector: { matchExpressions: [{ key: 'gone', operator: 'DoesNotExist' }] }, matches: true, because: 'not there' },
    { selector: { matchExpressions: [{ key, operator: 'In', values: ['a', 'msa'] }] }, matches: true, because: 'among' },
    { selector: { matchExpressions: [{ key, operator: 'NotIn', values: ['cluster-activation'] }] }, matches: true, because: 'not among' },
    { selector: { matchExpressions: [{ key: 'gone', operator: 'NotIn', values: ['x'] }] }, matches: true, because: 'a missing label is not among' },
    { selector: { matchExpressions: [{ key, operator: 'Near' }] }, matches: false, because: 'an unknown operator matches nothing' },
  ])('$because', ({ selector, matches }) => {
    expect(matchesSelector(selector, labels)).toBe(matches);
  });

  test('one of several selectors is enough', () => {
    const spec = { orLabelSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, { matchExpressions: [{ key, operator: 'Exists' }] }] };
    expect(matchesVeleroSelectors(spec, labels)).toBe(true);
    expect(matchesVeleroSelectors(spec, {})).toBe(false);
  });

  test.each([
    { name: 'restore-acm-acm-resources-generic-schedule-20261124201235', value: 'restore-acm-acm-resources-generic-schedule-20261124201235', because: 'it fits' },
    { name: 'restore-acm-acm-resources-generic-schedule-20261124201235-active', length: 63, because: 'cut to 63' },
  ])('label value: $because', ({ name, value, length }) => {
    const result = veleroLabelValue(name);
    if (value !== undefined) expect(result).toBe(value);
    if (length !== undefined) expect(result).toMatch(new RegExp(`^${name.slice(0, 57)}[0-9a-f]{6}$`));
  });

  test('the value seen on a real hub', () => {
    expect(veleroLabelValue('restore-acm-acm-resources-generic-schedule-20261124201235-active')).toBe('restore-acm-acm-resources-generic-schedule-2026112420123527d9f9');
  });
});
