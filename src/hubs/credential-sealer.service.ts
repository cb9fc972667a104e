import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Secret } from '../common/secret.js';
import { Config } from '../config/config.js';
import { HubCredentialsUnreadableError } from './hubs.errors.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Sealed {
  readonly keyId: string;
  /** Nonce (12 bytes), ciphertext, tag (16 bytes) */
  readonly sealed: Buffer;
}

/**
 * Seals what logs in to hubs, with AES-256-GCM. The associated data names table, row, field and key: bytes that were moved to another row,
 * or sealed with another key of the same id, do not open.
 */
@Injectable()
export class CredentialSealer {
  private readonly keys: ReadonlyMap<string, Secret<Buffer>>;
  /** What new seals are made with */
  readonly currentKeyId: string;

  constructor(config: Config) {
    this.keys = config.sealingKeys ?? new Map();
    const [first] = this.keys.keys();
    if (first === undefined) throw new Error('There is no sealing key');
    this.currentKeyId = first;
  }

  seal(hubId: string, plaintext: Secret): Sealed {
    const keyId = this.currentKeyId;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(hubId, keyId).reveal(), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(hubId, keyId));
    return { keyId, sealed: Buffer.concat([nonce, cipher.update(plaintext.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()]) };
  }

  /** @throws HubCredentialsUnreadableError */
  open(hubId: string, { keyId, sealed }: { readonly keyId: string; readonly sealed: Uint8Array }): Secret {
    const key = this.keyOf(hubId, keyId);
    const bytes = Buffer.from(sealed);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.reveal(), bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(associatedData(hubId, keyId));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
      return new Secret(text);
    } catch (cause) {
      throw new HubCredentialsUnreadableError(hubId, keyId, { cause });
    }
  }

  private keyOf(hubId: string, keyId: string): Secret<Buffer> {
    const key = this.keys.get(keyId);
    if (key === undefined) throw new HubCredentialsUnreadableError(hubId, keyId);
    return key;
  }
}

const associatedData = (hubId: string, keyId: string): Buffer => Buffer.from(`hub_credential|${hubId}|sealed|${keyId}`);
