import { clusterOrigin } from './cluster-projection.rules.js';

test.each([
  { because: 'nothing says otherwise', labels: {}, hosted: false, hive: false, origin: 'IMPORTED' },
  { because: 'the label says so, whatever its name', labels: { 'local-cluster': 'true' }, hosted: false, hive: false, origin: 'LOCAL' },
  { because: 'a label that says no is no local cluster', labels: { 'local-cluster': 'false' }, hosted: false, hive: false, origin: 'IMPORTED' },
  { because: 'Hive keeps a Secret in its namespace', labels: {}, hosted: false, hive: true, origin: 'HIVE' },
  { because: 'its klusterlet runs elsewhere', labels: {}, hosted: true, hive: false, origin: 'HOSTED' },
  { because: 'Hive reconnects a hosted one as well', labels: {}, hosted: true, hive: true, origin: 'HIVE' },
  { because: 'the local cluster is never touched', labels: { 'local-cluster': 'true' }, hosted: true, hive: true, origin: 'LOCAL' },
] as { because: string; labels: Record<string, string>; hosted: boolean; hive: boolean; origin: string }[])('$origin: $because', ({ labels, hosted, hive, origin }) => {
  expect(clusterOrigin({ labels, hosted }, hive)).toBe(origin);
});
