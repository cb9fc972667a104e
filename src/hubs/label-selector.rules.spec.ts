import { firstSelecting, formatSelector, parseSelector, selectorOf, selects, type Labels, type LabelSelector } from './label-selector.rules.js';

const cluster: Labels = { env: 'prod', tier: '3', 'example.com/team': 'blue', empty: '' };

test.each([
  { text: 'env=prod', hit: true, because: 'equal' },
  { text: 'env==prod', hit: true, because: 'the same, spelled twice' },
  { text: 'env=dev', hit: false, because: 'another value' },
  { text: 'env!=dev', hit: true, because: 'another value' },
  { text: 'region!=eu', hit: true, because: 'a label that is absent differs from every value' },
  { text: 'region=eu', hit: false, because: 'a label that is absent equals none' },
  { text: 'env in (dev, prod)', hit: true, because: 'one of them' },
  { text: 'env in (dev)', hit: false, because: 'not the one' },
  { text: 'env notin (dev,test)', hit: true, because: 'none of them' },
  { text: 'region notin (eu)', hit: true, because: 'absent is in no set' },
  { text: 'env notin (prod)', hit: false, because: 'it is in the set' },
  { text: 'env', hit: true, because: 'it exists' },
  { text: 'empty', hit: true, because: 'it exists, though empty' },
  { text: 'region', hit: false, because: 'it does not exist' },
  { text: '!region', hit: true, because: 'it does not exist' },
  { text: '! env', hit: false, because: 'it exists' },
  { text: 'empty=', hit: true, because: 'the empty value is a value' },
  { text: 'env=,tier=3', hit: false, because: 'the empty value is asked for' },
  { text: 'empty in (,a)', hit: true, because: 'nothing between parenthesis and comma is the empty value' },
  { text: 'empty in ()', hit: true, because: 'the empty value is all that it holds' },
  { text: 'env notin ()', hit: true, because: 'so everything else is not in it' },
  { text: 'tier>2', hit: true, because: 'three is more than two' },
  { text: 'tier > 3', hit: false, because: 'three is not more than three' },
  { text: 'tier<10', hit: true, because: 'compared as numbers, not as text' },
  { text: 'env>1', hit: false, because: 'no number' },
  { text: 'region<1', hit: false, because: 'absent is no number' },
  { text: 'example.com/team=blue,env in (prod),!region', hit: true, because: 'all hold' },
  { text: 'example.com/team=blue,env=dev', hit: false, because: 'one does not hold' },
  { text: 'in in (in),notin', hit: false, because: 'keywords are keys where a key stands' },
  { text: 'hasOwnProperty', hit: false, because: 'what every object has is no label' },
])('$text selects the cluster: $hit, as $because', ({ text, hit }) => {
  const requirements = parseSelector(text);
  expect(selects(requirements, cluster)).toBe(hit);
  const spelled = formatSelector(requirements);
  expect(parseSelector(spelled)).toEqual(requirements);
  expect(firstSelecting(['nothing=at-all', spelled], cluster)).toBe(hit ? spelled : null);
});

test.each([
  { text: '', because: 'it would select everything' },
  { text: ' ', because: 'that too' },
  { text: 'env=prod,', because: 'something is missing after the comma' },
  { text: ',env', because: 'nothing stands before it' },
  { text: 'env in dev', because: 'a set stands in parentheses' },
  { text: 'env in (dev', because: 'it does not end' },
  { text: 'env in (a b)', because: 'a comma is missing' },
  { text: 'env in (a,,)', because: 'Kubernetes reads it so' },
  { text: '!env=prod', because: 'both at once' },
  { text: '!!env', because: 'not not' },
  { text: 'env===prod', because: 'once too many' },
  { text: 'env is prod', because: 'no such word' },
  { text: 'env=a=b', because: 'a value ends' },
  { text: 'tier>high', because: 'no integer' },
  { text: 'tier>9223372036854775808', because: 'more than Kubernetes counts' },
  { text: '-env', because: 'a key begins with a letter or digit' },
  { text: 'a/b/c', because: 'one slash' },
  { text: 'UPPER.example/x', because: 'a prefix is a DNS name' },
  { text: '/x', because: 'a prefix is something' },
  { text: `env=${'x'.repeat(64)}`, because: 'a value has 63 characters' },
  { text: `${'x'.repeat(64)}`, because: 'so has a name' },
  { text: 'env=pröd', because: 'no such letter' },
  { text: `${'a,'.repeat(600)}a`, because: 'nobody writes that' },
])('$text is refused: $because', ({ text }) => {
  expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'HUB_INPUT_INVALID', details: { field: 'tokenExclusions' } }));
});

test.each<{ selector: LabelSelector; text: string }>([
  { selector: { matchLabels: { env: 'prod', a: '' } }, text: 'a=,env=prod' },
  {
    selector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['b', 'a', 'b'] }, { key: 'x', operator: 'DoesNotExist' }, { key: 'y', operator: 'Exists', values: [] }, { key: 'z', operator: 'NotIn', values: ['1'] }] },
    text: 'env in (a,b),!x,y,z!=1',
  },
])('matchLabels and matchExpressions say $text', ({ selector, text }) => {
  expect(formatSelector(selectorOf(selector))).toBe(text);
});

test.each<{ selector: LabelSelector; because: string }>([
  { selector: {}, because: 'it would select everything' },
  { selector: { matchExpressions: [{ key: 'env', operator: 'In' }] }, because: 'a set has a member' },
  { selector: { matchExpressions: [{ key: 'env', operator: 'Exists', values: ['x'] }] }, because: 'whether it is there takes no value' },
  { selector: { matchLabels: { 'no key': 'x' } }, because: 'that is no key' },
])('a selector is refused: $because', ({ selector }) => {
  expect(() => selectorOf(selector)).toThrow(expect.objectContaining({ code: 'HUB_INPUT_INVALID' }));
});
