import { csvCell } from './row-stream.js';

test.each<[string | number | null, string]>([
  ['shop-1', 'shop-1'],
  ['a,b', '"a,b"'],
  ['he said "no"', '"he said ""no"""'],
  ['two\nlines', '"two\nlines"'],
  ['=cmd|calc!A1', "'=cmd|calc!A1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['=a,b', '"\'=a,b"'],
  [-1, '-1'],
  [0, '0'],
  [null, ''],
  ['', ''],
])('%j in a table', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
