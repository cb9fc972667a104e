import { severities, type Severity } from '../readiness/readiness.types.js';
import type { TokenProblemCode, TokenProblemGroup } from './tokens.types.js';

/** The cluster would come back now, perhaps not later. */
const WARNINGS: ReadonlySet<TokenProblemCode> = new Set<TokenProblemCode>([
  'ADDON_UNAVAILABLE', 'TOKEN_REPORT_FAILED', 'TOKEN_EXPIRY_UNREADABLE', 'TOKEN_REFRESH_OVERDUE', 'TOKEN_NEAR_EXPIRY', 'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL', 'TOKEN_EXPIRES_WITHIN_SET',
]);
/** As somebody wanted it. */
const INFORMATION: ReadonlySet<TokenProblemCode> = new Set<TokenProblemCode>(['EXCLUDED']);

/** CRITICAL: there is no token, or none that would bring the cluster back from the next backup. */
export function tokenProblemSeverity(code: TokenProblemCode): Severity {
  if (INFORMATION.has(code)) return 'INFO';
  return WARNINGS.has(code) ? 'WARNING' : 'CRITICAL';
}

/** The gravest first, then what concerns most clusters, then by name. */
export function gravestFirst(groups: readonly TokenProblemGroup[]): TokenProblemGroup[] {
  const rank = ({ severity }: TokenProblemGroup): number => severities.indexOf(severity);
  return [...groups].sort((a, b) => rank(a) - rank(b) || b.clusters - a.clusters || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0) || (a.hubId < b.hubId ? -1 : 1));
}
