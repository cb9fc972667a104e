import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../common/secret.js';

/**
 * The sealing key of the embedded default: a file of mode 0600 in the data folder, made at the first start.
 * @returns keys by id, as `Config.sealingKeys`
 * @throws Error if others may read the file, or it holds no 32 bytes
 */
export function sealingKeyFromFile(dataDir: string): ReadonlyMap<string, Secret<Buffer>> {
  const path = join(dataDir, 'sealing.key');
  if (!existsSync(path)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 }); // the embedded database's user passes through it
    writeFileSync(path, randomBytes(32).toString('base64') + '\n', { mode: 0o600, flag: 'wx' });
  }
  if ((statSync(path).mode & 0o077) !== 0) throw new Error(`The sealing key file ${path} may be read by others: set its mode to 0600`);
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
  if (key.length !== 32) throw new Error(`The sealing key file ${path} does not hold 32 bytes in base64`);
  return new Map([['file', new Secret(key)]]);
}
