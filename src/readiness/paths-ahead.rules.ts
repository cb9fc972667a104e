import type { TargetPath, TargetPaths } from './cluster-verdict.rules.js';

/** For a moment that is thought of: what counts now counts then, and what is too old now is so then, since probes and checks go on as they do. */
export function pathsAt(paths: TargetPaths, now: Date, at: Date): TargetPaths {
  const aheadMs = at.getTime() - now.getTime();
  const { provenForMs, deepCheckCountsForMs } = paths;
  return { ...paths, provenForMs: provenForMs + aheadMs, deepCheckCountsForMs: deepCheckCountsForMs === undefined ? undefined : deepCheckCountsForMs + aheadMs };
}

/** From another hub than the one that was probed from: nothing is known of its ways nor of what it holds, while what the clusters said of their tokens holds. */
export function pathsOfAnother(paths: TargetPaths): TargetPaths {
  const unknown = (path: TargetPath): TargetPath => ({ state: 'UNKNOWN', checkedAt: path.checkedAt, detail: 'it was probed from another hub', deepCheck: path.deepCheck ?? null });
  return { ...paths, left: undefined, byCluster: new Map([...paths.byCluster].map(([cluster, path]) => [cluster, unknown(path)])) };
}
