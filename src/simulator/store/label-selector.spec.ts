import { LabelSelector } from './label-selector.js';

const labels = { app: 'db', tier: 'back', empty: '', 'cluster.open-cluster-management.io/backup': 'msa', weight: '5' };

test.each([
  ['app=db', true], ['app==db', true], ['app = db', true], ['app=web', false], ['other=db', false],
  ['app!=web', true], ['app!=db', false], ['other!=db', true],
  ['app in (db,web)', true], ['app in(db)', true], ['app in ( web )', false], ['other in (db)', false],
  ['app notin (web)', true], ['app notin (db)', false], ['other notin (db)', true],
  ['app', true], ['other', false], ['!other', true], ['!app', false], ['! app', false],
  ['empty=', true], ['empty', true], ['empty in (,x)', true], ['other=', false],
  ['weight>4', true], ['weight<5', false],
  ['app=db,tier=back', true], ['app=db,tier=front', false], ['app in (db,web),!other,tier', true],
  ['cluster.open-cluster-management.io/backup=msa', true], ['cluster.open-cluster-management.io/backup', true],
  ['toString', false], ['!constructor', true],
])('%s: %s', (text, expected) => {
  expect(LabelSelector.parse(text)?.matches(labels)).toBe(expected);
});

test.each([
  ['x in y', 'unable to parse requirement: found \'y\' expected: \'(\''],
  ['=,', 'found \'=\', expected: !, identifier, or \'end of string\''],
  ['a=b c', 'found \'c\', expected: \',\' or \'end of string\''],
  ['a=b,', 'found \'\', expected: identifier after \',\''],
  ['a in (b', 'unable to parse requirement: found \'\', expected: \',\' or \')\''],
])('%s is refused: %s', (text, message) => {
  expect(() => LabelSelector.parse(text)).toThrow(expect.objectContaining({ code: 400, reason: 'BadRequest', message }) as Error);
});

test('a key that every match has is known, for the index', () => {
  expect(LabelSelector.parse('!a,b notin (c),d in (e)')?.requiredKey).toBe('d');
  expect(LabelSelector.parse('!a,b!=c')?.requiredKey).toBeNull();
  expect(LabelSelector.parse(' ')).toBeNull();
});
