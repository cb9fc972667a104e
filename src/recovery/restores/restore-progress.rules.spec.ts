import { judgeRestore, MISSING_PATIENCE_MS, OPERATOR_PATIENCE_MS, type RestoreState } from './restore-progress.rules.js';
import type { VeleroRestoreFacts } from './restores.types.js';

const now = new Date('2026-11-24T12:00:00Z');
const part = (backup: string, phase: string | null): VeleroRestoreFacts => ({ name: `lifeboat-1-${backup}`, backup, phase, startedAt: now, completedAt: null, errors: 0, warnings: 0 });
const all = (phase: string): VeleroRestoreFacts[] => [part('cred', phase), part('res', phase), part('mc', phase)];
const state = (of: Partial<RestoreState>): RestoreState => ({ phase: 'Finished', lastMessage: null, velero: all('Completed'), managedClustersRestore: 'lifeboat-1-mc', unchangedSince: now, ...of });
const quiet = (ms: number) => new Date(now.getTime() - ms);

test.each([
  { because: 'all is done', state: state({}), is: 'DONE SUCCEEDED' },
  { because: 'the operator found errors', state: state({ phase: 'FinishedWithErrors' }), is: 'DONE SUCCEEDED_WITH_ERRORS' },
  { because: 'one part failed in part, the operator did not mind', state: state({ velero: [part('cred', 'PartiallyFailed'), part('mc', 'Completed')] }), is: 'DONE SUCCEEDED_WITH_ERRORS' },
  { because: 'the phase is early: the managed clusters are still being restored', state: state({ velero: [part('cred', 'Completed'), part('mc', 'InProgress')] }), is: 'RUNNING' },
  { because: 'Finalizing is no end', state: state({ velero: all('Finalizing') }), is: 'RUNNING' },
  { because: 'the phase is early: the managed clusters have not begun', state: state({ velero: [part('cred', 'Completed')] }), is: 'RUNNING' },
  { because: 'the managed clusters never began', state: state({ velero: [part('cred', 'Completed')], unchangedSince: quiet(MISSING_PATIENCE_MS) }), is: 'FAILED' },
  { because: 'the operator ignored the Restore', state: state({ phase: 'FinishedWithErrors', velero: [], unchangedSince: quiet(MISSING_PATIENCE_MS) }), is: 'FAILED' },
  { because: 'an error may pass', state: state({ phase: 'Error', velero: [] }), is: 'RUNNING' },
  { because: 'an error that stays is a failure', state: state({ phase: 'Error', velero: [], unchangedSince: quiet(MISSING_PATIENCE_MS) }), is: 'FAILED' },
  { because: 'a Restore that waits is not given up', state: state({ phase: 'Started', velero: [], unchangedSince: quiet(10 * OPERATOR_PATIENCE_MS) }), is: 'RUNNING' },
  { because: 'the managed clusters failed', state: state({ velero: [part('cred', 'Completed'), part('mc', 'Failed')] }), is: 'FAILED' },
  { because: 'the operator is still writing its messages', state: state({ phase: 'Running' }), is: 'RUNNING' },
  { because: 'the operator died after Velero had done the work', state: state({ phase: 'Running', unchangedSince: quiet(OPERATOR_PATIENCE_MS) }), is: 'DONE SUCCEEDED_WITH_ERRORS' },
])('$is: $because', ({ state: one, is }) => {
  const judgement = judgeRestore(one, now);
  expect(judgement.is === 'DONE' ? `DONE ${judgement.outcome}` : judgement.is).toBe(is);
});
