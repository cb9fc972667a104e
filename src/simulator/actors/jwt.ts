/** Tokens as a managed cluster's API server issues them: JWTs with `sub` and `exp`. Signed with HS256, since only the simulated cluster itself checks them. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { at, isRecord, text } from './json.js';

export interface TokenClaims {
  readonly subject: string;
  /** uid of the ServiceAccount that it was issued for: one made anew does not honour it */
  readonly accountUid: string;
  /** Seconds since 1970, as the claim has it */
  readonly expiresAt: number;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (key: string, body: string): string => createHmac('sha256', key).update(body).digest('base64url');

export const subjectOf = (namespace: string, account: string): string => `system:serviceaccount:${namespace}:${account}`;

/** @param life in milliseconds; `exp` has whole seconds */
export function issueToken(key: string, account: { namespace: string; name: string; uid: string }, now: Date, life: number, id: string): { token: string; expiresAt: Date } {
  const issued = Math.floor(now.getTime() / 1000);
  const exp = issued + Math.floor(life / 1000);
  const claims = {
    aud: ['https://kubernetes.default.svc'],
    exp,
    iat: issued,
    iss: 'https://kubernetes.default.svc',
    jti: id,
    'kubernetes.io': { namespace: account.namespace, serviceaccount: { name: account.name, uid: account.uid } },
    nbf: issued,
    sub: subjectOf(account.namespace, account.name),
  };
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return { token: `${body}.${sign(key, body)}`, expiresAt: new Date(exp * 1000) };
}

/** @returns the claims, or null where it is no token of this key */
export function verifyToken(key: string, token: string): TokenClaims | null {
  const [head, payload, signature, ...rest] = token.split('.');
  if (!head || !payload || !signature || rest.length > 0) return null;
  const expected = Buffer.from(sign(key, `${head}.${payload}`));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null;
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isRecord(claims) || typeof claims['exp'] !== 'number') return null;
  return { subject: text(claims['sub']) ?? '', accountUid: text(at(claims, 'kubernetes.io', 'serviceaccount', 'uid')) ?? '', expiresAt: claims['exp'] };
}
