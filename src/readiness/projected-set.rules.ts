import { accounts } from '../common/rhacm-names.js';
import { renewalDueAt } from '../tokens/token-life.rules.js';
import type { TokenProblemCode } from '../tokens/tokens.types.js';
import type { ClusterFacts, TokenInSet } from './cluster-verdict.rules.js';

/** One of a cluster's tokens on its hub, with what its future rests on. */
export interface LiveTokenLife {
  readonly account: string;
  readonly secretPresent: boolean;
  readonly inBackupSelection: boolean;
  readonly bindingPresent: boolean;
  readonly problemCode: string | null;
  readonly refreshedAt: Date | null;
  readonly expiresAt: Date | null;
  /** Asked for; what is granted may be less */
  readonly validitySeconds: number | null;
}

export interface ProjectionPolicy {
  /** The hub keeps tokens, labels and bindings */
  readonly protect: boolean;
  /** For tokens from now on; null: as asked for today */
  readonly validityMs: number | null;
}

/** A grant that is shorter than what was asked for by more than this is the cluster's own limit. @see EKS: 24 h */
const CAPPED_BELOW = 0.95;
/** A life so short that it cannot be meant. */
const MIN_LIFE_MS = 60_000;

/** Problems beside which the agent goes on renewing: they are about what is written on the hub, not about the token. */
const RENEWED_NONETHELESS: ReadonlySet<string> = new Set([
  'TOKEN_NOT_LABELLED', 'ROLE_BINDING_MISSING', 'TOKEN_NEAR_EXPIRY', 'EXCLUDED', 'RIGHTS_MISSING', 'HUB_REJECTED_WRITE', 'WEBHOOK_UNAVAILABLE', 'QUOTA_EXCEEDED',
  'TOKEN_LIFE_SHORTER_THAN_BACKUP_INTERVAL', 'TOKEN_EXPIRES_WITHIN_SET', 'ANOTHER_LIFEBOAT',
] satisfies TokenProblemCode[]);

export const isRenewed = ({ problemCode }: Pick<LiveTokenLife, 'problemCode'>): boolean => problemCode === null || RENEWED_NONETHELESS.has(problemCode);

const evidence = 'Projected from the token as it is on the source hub';

const inside = (account: string, refreshedAt: Date | null, expiresAt: Date | null): TokenInSet & { readonly refreshedAt: Date | null } => ({
  account, belief: 'INFERRED_IN', reason: null, refreshedAt, expiresAt, evidence,
});

const outside = (account: string, reason: NonNullable<TokenInSet['reason']>): TokenInSet => ({
  account, belief: 'INFERRED_OUT', reason, expiresAt: null, evidence: `${evidence}: it would not be in a set`,
});

/** What the next set would hold if it were made from the tokens as they are now. */
export function tokensOfNextSet(live: readonly LiveTokenLife[]): TokenInSet[] {
  return live.map((token) => {
    if (!token.secretPresent) return outside(token.account, 'SECRET_MISSING');
    return token.inBackupSelection ? inside(token.account, token.refreshedAt, token.expiresAt) : outside(token.account, 'SECRET_UNLABELLED');
  });
}

/**
 * What a set that starts at a moment to come would hold of a cluster's tokens: the agents renew at four fifths of a life, those that fail go on
 * failing, and a hub that protects makes and labels what is missing where the cluster can answer.
 */
export function projectTokens(cluster: Pick<ClusterFacts, 'origin' | 'available'>, live: readonly LiveTokenLife[], policy: ProjectionPolicy, now: Date, startsAt: Date): TokenInSet[] {
  const present = live.filter((token) => token.secretPresent);
  if (present.length === 0) {
    const canBeMade = policy.protect && cluster.origin === 'IMPORTED' && cluster.available === 'TRUE' && live.every(({ problemCode }) => problemCode === null || problemCode === 'TOKEN_MISSING');
    const made = canBeMade ? lifeAt({ refreshedAt: now, lifeMs: policy.validityMs }, policy.validityMs, startsAt) : null;
    return made === null ? live.map((token) => outside(token.account, 'SECRET_MISSING')) : [inside(accounts.autoImport, made.refreshedAt, made.expiresAt)];
  }
  return live.map((token) => {
    if (!token.secretPresent) return outside(token.account, 'SECRET_MISSING');
    if (!token.inBackupSelection && !policy.protect) return outside(token.account, 'SECRET_UNLABELLED');
    const renewed = isRenewed(token) ? renewedLife(token, policy.validityMs, startsAt) : null;
    return renewed === null ? inside(token.account, token.refreshedAt, token.expiresAt) : inside(token.account, renewed.refreshedAt, renewed.expiresAt);
  });
}

/** null: its life is not known, so neither is its future. */
function renewedLife(token: LiveTokenLife, validityMs: number | null, at: Date): { refreshedAt: Date; expiresAt: Date } | null {
  if (token.refreshedAt === null || token.expiresAt === null) return null;
  const grantedMs = token.expiresAt.getTime() - token.refreshedAt.getTime();
  const isCapped = token.validitySeconds !== null && grantedMs < token.validitySeconds * 1000 * CAPPED_BELOW;
  const nextMs = isCapped && validityMs !== null ? Math.min(validityMs, grantedMs) : (validityMs ?? grantedMs);
  return lifeAt({ refreshedAt: token.refreshedAt, lifeMs: grantedMs }, nextMs, at);
}

/** The life that a token has at a moment, if each is renewed on time. */
function lifeAt(first: { refreshedAt: Date; lifeMs: number | null }, nextLifeMs: number | null, at: Date): { refreshedAt: Date; expiresAt: Date } | null {
  if (first.lifeMs === null || first.lifeMs < MIN_LIFE_MS || nextLifeMs === null || nextLifeMs < MIN_LIFE_MS) return null;
  const life = { refreshedAt: first.refreshedAt, expiresAt: new Date(first.refreshedAt.getTime() + first.lifeMs) };
  const due = renewalDueAt(life);
  if (due === null || due > at) return life;
  // From the first renewal on all lives are alike.
  const stepMs = renewalDueAt({ refreshedAt: due, expiresAt: new Date(due.getTime() + nextLifeMs) })!.getTime() - due.getTime();
  const refreshedAt = new Date(due.getTime() + Math.floor((at.getTime() - due.getTime()) / stepMs) * stepMs);
  return { refreshedAt, expiresAt: new Date(refreshedAt.getTime() + nextLifeMs) };
}
