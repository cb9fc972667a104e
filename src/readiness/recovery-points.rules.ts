import { inWords } from '../common/duration.js';
import { isRecoverable } from './forecast.rules.js';
import type { ClusterVerdict } from './readiness.types.js';

/** What a set would bring, cluster by cluster. */
export interface PointOutcome {
  readonly startedAt: Date;
  readonly verdicts: ReadonlyMap<string, ClusterVerdict>;
}

export interface PointComparison {
  readonly bringsBackMore: number;
  readonly leavesBehind: number;
  readonly comparison: string;
}

const clusters = (count: number): string => (count === 1 ? '1 cluster' : `${count} clusters`);

/** A set against the newest one that could be restored. */
export function compareWithNewest(point: PointOutcome, newest: PointOutcome): PointComparison {
  if (point === newest) return { bringsBackMore: 0, leavesBehind: 0, comparison: 'The newest usable set' };
  const here = recoverableOf(point);
  const there = recoverableOf(newest);
  const bringsBackMore = [...here].filter((name) => !there.has(name)).length;
  const leavesBehind = [...there].filter((name) => !here.has(name)).length;
  const older = `${inWords(newest.startedAt.getTime() - point.startedAt.getTime())} older`;
  return { bringsBackMore, leavesBehind, comparison: `${older} ${gainsInWords(bringsBackMore, leavesBehind)}` };
}

function gainsInWords(bringsBackMore: number, leavesBehind: number): string {
  if (bringsBackMore === 0 && leavesBehind === 0) return 'brings back the same clusters';
  if (leavesBehind === 0) return `brings back ${clusters(bringsBackMore)} more`;
  if (bringsBackMore === 0) return `leaves ${clusters(leavesBehind)} behind`;
  return `brings back ${clusters(bringsBackMore)} more and leaves ${clusters(leavesBehind)} behind`;
}

const recoverableOf = ({ verdicts }: PointOutcome): Set<string> => new Set([...verdicts].filter(([, verdict]) => isRecoverable(verdict)).map(([name]) => name));
