import { newestOfManagedClusters, newestUsable, setUsability, type SetCandidate } from './usable-set.rules.js';

const now = new Date('2026-11-24T12:00:00Z');
const set: SetCandidate = {
  id: 's1', credentialsBackup: 'cred-1', resourcesBackup: 'res-1', genericBackup: 'gen-1', managedClustersBackup: 'mc-1', startedAt: new Date('2026-11-24T11:00:00Z'), expiresAt: new Date('2026-12-24T11:00:00Z'),
};
const shown = (of: Record<string, string | null> = {}) => new Map<string, string | null>(Object.entries({ 'cred-1': 'Completed', 'res-1': 'Completed', 'gen-1': 'Completed', 'mc-1': 'Completed', ...of }));
const without = (name: string) => new Map([...shown()].filter(([key]) => key !== name));

test.each([
  { because: 'all parts are there', set, shown: shown(), usability: 'USABLE' },
  { because: 'PartiallyFailed can be restored', set, shown: shown({ 'res-1': 'PartiallyFailed' }), usability: 'PARTIALLY_FAILED' },
  { because: 'half a set has synced', set, shown: without('mc-1'), usability: 'NOT_SHOWN' },
  { because: 'the activation data lies in the generic backup', set, shown: without('gen-1'), usability: 'NOT_SHOWN' },
  { because: 'one part is still being written', set, shown: shown({ 'mc-1': 'Finalizing' }), usability: 'NOT_FINISHED' },
  { because: 'a phase may be absent', set, shown: shown({ 'mc-1': null }), usability: 'NOT_FINISHED' },
  { because: 'an expiry equal to now is expired', set: { ...set, expiresAt: now }, shown: shown(), usability: 'EXPIRED' },
  { because: 'the managed clusters are missing', set: { ...set, managedClustersBackup: null }, shown: shown(), usability: 'INCOMPLETE' },
  { because: 'nobody knows when it began', set: { ...set, startedAt: null }, shown: shown(), usability: 'INCOMPLETE' },
  { because: 'older releases make no generic backup', set: { ...set, genericBackup: null }, shown: without('gen-1'), usability: 'USABLE' },
])('$usability: $because', ({ set: one, shown: names, usability }) => {
  expect(setUsability(one, names, now)).toBe(usability);
});

test('the newest that can be restored is taken, not the newest', () => {
  const newer: SetCandidate = { ...set, id: 's2', credentialsBackup: 'cred-2', resourcesBackup: 'res-2', genericBackup: null, managedClustersBackup: 'mc-2', startedAt: new Date('2026-11-24T11:30:00Z') };
  const half = new Map([...shown(), ['cred-2', 'Completed'], ['res-2', 'Completed']]);
  expect(newestUsable([newer, set], half, now)?.id).toBe('s1');
  expect(newestUsable([set, newer], new Map([...half, ['mc-2', 'Completed']]), now)?.id).toBe('s2');
});

test('an activation takes the newest backup of managed clusters that is finished, whatever set it belongs to', () => {
  const older = { ...set, managedClustersStartedAt: new Date('2026-11-24T11:01:00Z') };
  const newer = { ...set, id: 's2', credentialsBackup: 'cred-2', resourcesBackup: null, managedClustersBackup: 'mc-2', startedAt: null, managedClustersStartedAt: new Date('2026-11-24T11:31:00Z') };
  expect(newestOfManagedClusters([newer, older], shown({ 'mc-2': 'PartiallyFailed' }))?.id).toBe('s2');
  expect(newestOfManagedClusters([older, newer], shown({ 'mc-2': 'InProgress' }))?.id).toBe('s1');
  expect(newestOfManagedClusters([older, newer], shown())?.id).toBe('s1');
  expect(newestOfManagedClusters([older, newer], new Map())).toBeNull();
});
