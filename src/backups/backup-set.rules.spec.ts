import { madeAt, pairSets, type BackupFacts } from './backup-set.rules.js';
import { veleroLabelValue } from './velero-name.rules.js';

const now = new Date('2026-11-24T22:00:00Z');
const time = (hms: string): Date => new Date(`2026-11-24T${hms.slice(0, 2)}:${hms.slice(2, 4)}:${hms.slice(4)}Z`);

const PREFIX = { credentials: 'acm-credentials-schedule', resources: 'acm-resources-schedule', resourcesGeneric: 'acm-resources-generic-schedule', managedClusters: 'acm-managed-clusters-schedule' } as const;

/** `credentials 201235 Completed`: type, hhmmss of the name, phase; optional start; optional schedule */
function backup(text: string): BackupFacts {
  const [type = '', made = '', phase = '', started = made, scheduleName = null] = text.split(' ');
  const startedAt = phase === 'Queued' ? null : time(started);
  return {
    name: `${PREFIX[type as keyof typeof PREFIX]}-20261124${made}`,
    type,
    scheduleName,
    phase,
    createdAt: time(made),
    startedAt,
    completedAt: phase === 'Completed' || phase === 'PartiallyFailed' ? new Date(time(started).getTime() + 3000) : null,
    expiresAt: new Date(time(made).getTime() + 720 * 3_600_000),
  };
}

const firstSet = ['credentials 200000 Completed', 'resources 200000 Completed', 'resourcesGeneric 200000 Completed', 'managedClusters 200000 Completed'];

/** `credentials / resources / generic / managed clusters: status`, by the seconds of their names */
const told = (backups: string[], at = now): string[] =>
  pairSets(backups.map(backup), at).map((set) => {
    const suffix = (name: string | null) => (name === null ? '-' : name.slice(-6));
    return `${[set.credentialsBackup, set.resourcesBackup, set.genericBackup, set.managedClustersBackup].map(suffix).join(' ')} ${set.status}`;
  });

test.each([
  { because: 'there is nothing', backups: [], sets: [] },
  { because: 'the operator\u2019s first set shares a second', backups: firstSet, sets: ['200000 200000 200000 200000 COMPLETE'] },
  {
    because: 'members of a scheduled set may differ by a second, in either direction',
    backups: ['credentials 200636 Completed', 'resources 200635 Completed', 'resourcesGeneric 200636 Completed', 'managedClusters 200635 Completed'],
    sets: ['200636 200635 200636 200635 COMPLETE'],
  },
  {
    because: 'the queue may start them minutes apart: their names stay together',
    backups: ['credentials 201235 Completed 201235', 'resources 201235 Completed 201336', 'resourcesGeneric 201235 Completed 201435', 'managedClusters 201235 Completed 201335'],
    sets: ['201235 201235 201235 201235 COMPLETE'],
  },
  {
    because: 'a skipped schedule makes its member a minute later',
    backups: ['credentials 203030 Completed', 'managedClusters 203030 Completed', 'resources 203130 Completed'],
    sets: ['203030 203130 - 203030 COMPLETE'],
  },
  {
    because: 'what has the very second of another credentials backup is that one\u2019s',
    backups: ['credentials 203030 Completed', 'managedClusters 203030 Completed', 'credentials 203130 Completed', 'resources 203130 Completed', 'managedClusters 203130 Completed'],
    sets: ['203030 - - 203030 PARTIAL', '203130 203130 - 203130 COMPLETE'],
  },
  {
    because: 'each run has its own',
    backups: [...firstSet, 'credentials 210000 Completed', 'resources 210001 Completed', 'resourcesGeneric 210001 Completed', 'managedClusters 210000 Completed'],
    sets: ['200000 200000 200000 200000 COMPLETE', '210000 210001 210001 210000 COMPLETE'],
  },
  {
    because: 'a failed member is replaced by the next usable one of the same run',
    backups: ['credentials 200000 Completed', 'managedClusters 200000 Completed', 'resources 200000 Failed', 'resources 200100 Completed'],
    sets: ['200000 200100 - 200000 COMPLETE'],
  },
  { because: 'PartiallyFailed is usable', backups: ['credentials 200000 PartiallyFailed', 'managedClusters 200000 Completed', 'resources 200000 Completed'], sets: ['200000 200000 - 200000 COMPLETE'] },
  { because: 'without generic resources it is complete all the same', backups: firstSet.filter((one) => !one.startsWith('resourcesGeneric')), sets: ['200000 200000 - 200000 COMPLETE'] },
  { because: 'a member that runs keeps it open', backups: ['credentials 200000 Completed', 'managedClusters 200000 Queued', 'resources 200000 Completed'], sets: ['200000 200000 - 200000 IN_PROGRESS'] },
  { because: 'a generic part that runs keeps it open', backups: [...firstSet.filter((one) => !one.startsWith('resourcesGeneric')), 'resourcesGeneric 200000 Finalizing'], sets: ['200000 200000 200000 200000 IN_PROGRESS'] },
  { because: 'a member may still come', backups: ['credentials 200000 Completed', 'resources 200000 Completed'], at: time('200100'), sets: ['200000 200000 - - IN_PROGRESS'] },
  { because: 'a member that did not come does not come any more', backups: ['credentials 200000 Completed', 'resources 200000 Completed'], sets: ['200000 200000 - - PARTIAL'] },
  { because: 'credentials that run', backups: ['credentials 200000 InProgress', 'resources 200000 Completed'], sets: ['200000 200000 - - IN_PROGRESS'] },
  { because: 'without usable credentials it is worth nothing', backups: ['credentials 200000 Failed', 'resources 200000 Completed', 'managedClusters 200000 Completed'], sets: ['200000 200000 - 200000 FAILED'] },
  { because: 'a phase that no Velero has is neither usable nor failed', backups: ['credentials 200000 Odd'], sets: ['200000 - - - IN_PROGRESS'] },
  {
    because: 'what another schedule made is none of this run, however near',
    backups: ['credentials 200000 Completed 200000 new', 'resources 200000 Completed 200000 old', 'resources 200040 Completed 200040 new', 'managedClusters 200001 Completed 200001 new'],
    sets: ['200000 200040 - 200001 COMPLETE'],
  },
  { because: 'resources from long before are another run\u2019s', backups: ['resources 190000 Completed', 'managedClusters 190000 Completed', 'credentials 200000 Completed'], sets: ['200000 - - - PARTIAL'] },
])('$sets: $because', ({ backups, sets, at }) => {
  expect(told(backups, at)).toEqual(sets);
  expect(told([...backups].reverse(), at)).toEqual(sets);
});

test('a set begins with its credentials, is done with its last member and ends with the first to expire', () => {
  const [set] = pairSets(['credentials 201235 Completed 201235', 'resources 201235 Completed 201336', 'managedClusters 201236 Completed 201335'].map(backup), now);
  expect(set).toMatchObject({
    startedAt: time('201235'), managedClustersStartedAt: time('201335'), completedAt: new Date(time('201336').getTime() + 3000), expiresAt: new Date(time('201235').getTime() + 720 * 3_600_000),
  });
});

test.each([
  { because: 'the name tells', name: 'acm-credentials-schedule-20261124203030', at: '2026-11-24T20:30:30.000Z' },
  { because: 'a name without a time leaves the creation', name: 'mine', at: '2026-01-01T00:00:00.000Z' },
])('$because', ({ name, at }) => {
  expect(madeAt({ name, createdAt: new Date('2026-01-01T00:00:00Z'), startedAt: null })?.toISOString()).toBe(at);
});

test.each([
  { because: 'short names stay', name: 'acm-credentials-schedule-20261124203030', value: 'acm-credentials-schedule-20261124203030' },
  { because: 'as seen on a real hub', name: 'restore-acm-acm-resources-generic-schedule-20261124201235-active', value: 'restore-acm-acm-resources-generic-schedule-2026112420123527d9f9' },
])('$because', ({ name, value }) => {
  expect(veleroLabelValue(name)).toBe(value);
});
