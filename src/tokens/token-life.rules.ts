import type { AccountFacts, TokenSecretFacts } from '../fleet/facts.types.js';

/** When a token was issued and when it ends, as far as the hub tells. */
export interface TokenLife {
  readonly refreshedAt: Date | null;
  readonly expiresAt: Date | null;
}

const date = (iso: string | null | undefined): Date | null => (iso === null || iso === undefined ? null : new Date(iso));

/** From the account's status; what a restore or a silent agent left out there, from the Secret's annotations. */
export function tokenLife(account: AccountFacts | null, secret: TokenSecretFacts | null): TokenLife {
  return { refreshedAt: date(account?.refreshedAt ?? secret?.refreshedAt), expiresAt: date(account?.expiresAt ?? secret?.expiresAt) };
}

const within = (life: TokenLife, share: number): Date | null => {
  if (life.refreshedAt === null || life.expiresAt === null) return null;
  const lifeMs = life.expiresAt.getTime() - life.refreshedAt.getTime();
  return lifeMs > 0 ? new Date(life.refreshedAt.getTime() + lifeMs * share) : null;
};

/**
 * From when on the pair account is due: half of the first token's granted life, so that any backup holds a token with half a life left.
 * @param share the hub's own choice, never less than half
 * @returns null where the life is not known
 */
export const pairDueAt = (life: TokenLife, share: number): Date | null => within(life, share);

/**
 * When the token agent renews: after 4/5 of the granted life, not of the validity asked for (EKS grants a day at most).
 * @see managed-serviceaccount, pkg/addon/agent/controller/token.go, exceedThreshold
 */
export const renewalDueAt = (life: TokenLife): Date | null => within(life, 0.8);

/** From when on a renewal that has not come is a finding: half-way from the due moment to the expiry, and `marginMs` after it at the latest. */
export function renewalOverdueAt(life: TokenLife, marginMs: number): Date | null {
  const due = renewalDueAt(life);
  const late = within(life, 0.9);
  if (due === null || late === null) return null;
  return new Date(Math.min(late.getTime(), due.getTime() + marginMs));
}
