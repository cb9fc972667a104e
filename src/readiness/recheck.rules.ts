import { RESTORE_TAKES_MS, type ClusterFacts, type Moment, type TokenInSet } from './cluster-verdict.rules.js';

/**
 * The next moment at which a verdict may change although nothing is told; null: there is none. Sooner than needed does no harm, later would
 * leave a verdict standing that is no longer true: each rule of cluster-verdict.rules.ts that asks for the time has its moments here.
 */
export function recheckAt({ name, origin, inSet }: Pick<ClusterFacts, 'name' | 'origin' | 'inSet'>, { now, horizonMs, paths }: Moment): Date | null {
  if (origin !== 'IMPORTED') return null;
  const path = paths?.byCluster.get(name);
  const tokens: readonly Pick<TokenInSet, 'expiresAt' | 'doubtfulFrom'>[] = [...inSet, ...(paths?.left?.get(name) ?? [])];
  const moments = [
    ...tokens.flatMap(({ expiresAt, doubtfulFrom = null }) => [expiresAt, doubtfulFrom].flatMap((at) => (at === null ? [] : [at.getTime() - horizonMs, at.getTime() - RESTORE_TAKES_MS, at.getTime()]))),
    ...(path === undefined || paths === undefined ? [] : [path.checkedAt.getTime() + paths.provenForMs + 1]),
    ...(path?.deepCheck == null || paths?.deepCheckCountsForMs === undefined ? [] : [path.deepCheck.checkedAt.getTime() + paths.deepCheckCountsForMs + 1]),
  ];
  const next = moments.reduce((soonest, at) => (at > now.getTime() && at < soonest ? at : soonest), Infinity);
  return next === Infinity ? null : new Date(next);
}
