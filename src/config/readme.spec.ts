import { readFileSync } from 'node:fs';
import { environment } from './config.js';

test('the README has a row for every variable, and for none that is not read', () => {
  const section = readFileSync('README.md', 'utf8').split('## Settings')[1] ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell]) => [...(cell ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  expect(rows.sort()).toEqual(Object.keys(environment.shape).sort());
});
