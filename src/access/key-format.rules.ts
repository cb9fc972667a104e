import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

// lfb_<id>_<secret>
//   id      public: the name as a slug, a dash, 8 letters by chance. Bears no underscore
//   secret  43 characters of base64url (32 bytes by chance) and 6 of its CRC-32, so that a scanner knows a key from a look-alike
// 32 bytes by chance need no slow hash: SHA-256 is stored.

const KEY = /^lfb_([a-z0-9-]{1,48})_([A-Za-z0-9_-]{49})$/;

export interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

function checksumOf(id: string, random: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(`lfb_${id}_${random}`));
  return sum.toString('base64url');
}

/** @param chance at least 8 bytes */
export function keyIdOf(name: string, chance: Uint8Array): string {
  const slug = name.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').slice(0, 32).replace(/^-+|-+$/g, '');
  const letters = [...chance.subarray(0, 8)].map((byte) => 'abcdefghjkmnpqrstuvwxyz23456789'[byte % 31]).join('');
  return slug ? `${slug}-${letters}` : letters;
}

/** @param chance 32 bytes */
export function keyOf(id: string, chance: Uint8Array): { key: string; secret: string } {
  const random = Buffer.from(chance).toString('base64url');
  const secret = random + checksumOf(id, random);
  return { key: `lfb_${id}_${secret}`, secret };
}

/** @returns null for what is no key, told by its form and checksum before any table is asked */
export function parseKey(text: string): KeyParts | null {
  const match = KEY.exec(text);
  const id = match?.[1];
  const secret = match?.[2];
  if (id === undefined || secret === undefined) return null;
  return checksumOf(id, secret.slice(0, 43)) === secret.slice(43) ? { id, secret } : null;
}

export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Compares in a time that tells nothing. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The key in an Authorization header, `Bearer …`. */
export function bearerIn(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > 300) return null;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}
