import { isScheduleActive, restoresInTheWay, type RestoreOnHub } from './restores-on-hub.rules.js';

const standing: RestoreOnHub = {
  name: 'passive', phase: 'Enabled', sync: true, managedClustersBackup: 'skip', credentialsBackup: 'latest', resourcesBackup: 'latest', credentialsRestore: 'passive-b', managedClustersRestore: null,
};
const once: RestoreOnHub = { ...standing, name: 'once', sync: false };

test.each([
  { because: 'nothing is there', restores: [], activate: null, inTheWay: [] },
  { because: 'a standing one is activated', restores: [standing], activate: 'passive', inTheWay: [] },
  { because: 'it is activated after its present sync', restores: [{ ...standing, phase: 'Running' }], activate: 'passive', inTheWay: [] },
  { because: 'ended ones are history', restores: [{ ...once, phase: 'Finished' }, { ...once, phase: 'FinishedWithErrors' }], activate: null, inTheWay: [] },
  { because: 'a running one wins over ours', restores: [{ ...once, phase: 'Running' }], activate: null, inTheWay: ['once'] },
  { because: 'one without a phase has not been looked at yet', restores: [{ ...once, phase: null }], activate: null, inTheWay: ['once'] },
  { because: 'an activated one is somebody’s failover', restores: [{ ...standing, managedClustersBackup: 'latest' }], activate: null, inTheWay: ['passive'] },
  { because: 'two standing ones cannot both be meant', restores: [standing, { ...standing, name: 'second' }], activate: null, inTheWay: ['passive', 'second'] },
  { because: 'our own is not in our way', restores: [{ ...once, name: 'lifeboat-1', phase: 'Running' }], activate: null, inTheWay: [] },
])('$because', ({ restores, activate, inTheWay }) => {
  const found = restoresInTheWay(restores, 'lifeboat-1');
  expect(found.activate?.name ?? null).toBe(activate);
  expect(found.inTheWay.map((one) => one.name)).toEqual(inTheWay);
});

test.each([
  { phase: 'Enabled', active: true }, { phase: 'New', active: true }, { phase: null, active: true }, { phase: 'FailedValidation', active: true }, { phase: 'Paused', active: false }, { phase: 'BackupCollision', active: false },
])('a schedule in $phase is active: $active', ({ phase, active }) => {
  expect(isScheduleActive({ phase })).toBe(active);
});
