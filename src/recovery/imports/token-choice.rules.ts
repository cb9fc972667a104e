/** What the choice between a cluster's tokens looks at. */
export interface TokenCandidate {
  /** The account's name, which is also the Secret's */
  readonly account: string;
  /** null: unreadable or not there */
  readonly expiresAt: Date | null;
}

const byAccount = <T extends TokenCandidate>(tokens: readonly T[]): T[] => [...tokens].sort((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0));

export const isExpired = (token: TokenCandidate, now: Date): boolean => token.expiresAt !== null && token.expiresAt <= now;

/**
 * The token that the hub's own operator puts into the auto-import-secret after a restore: the only one, even if expired;
 * of several the first (by name) whose expiry lies ahead, else the younger.
 * @returns null where there is none
 * @see cluster-backup-operator, controllers/restore_post.go
 */
export function operatorChoice<T extends TokenCandidate>(tokens: readonly T[], now: Date): T | null {
  const ordered = byAccount(tokens);
  const only = ordered[0];
  if (only === undefined || ordered.length === 1) return only ?? null;
  const ahead = ordered.find((token) => token.expiresAt !== null && token.expiresAt > now);
  return ahead ?? ordered.reduce((younger, token) => ((token.expiresAt?.getTime() ?? -Infinity) > (younger.expiresAt?.getTime() ?? -Infinity) ? token : younger));
}
