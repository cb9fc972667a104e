/**
 * When a token expires, by its own `exp` claim (seconds since the epoch). The signature is not checked: only the cluster can.
 * @returns null for what is no JWT or has no such claim
 * @see RFC 7519, 4.1.4
 */
export function jwtExpiry(token: string): Date | null {
  const payload = token.split('.')[1];
  if (payload === undefined || payload.length > 20_000) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : null;
    if (typeof exp !== 'number' || !Number.isFinite(exp)) return null;
    const expiresAt = new Date(exp * 1000);
    return Number.isNaN(expiresAt.getTime()) ? null : expiresAt;
  } catch {
    return null; // not JSON: no JWT
  }
}
