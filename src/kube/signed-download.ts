import { pipeline } from 'node:stream/promises';
import { Transform, type Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { Client, type Dispatcher } from 'undici';
import type { Secret } from '../common/secret.js';
import type { AddressRule } from './address.rules.js';
import { Deadline } from './deadline.js';
import { DownloadError, type DownloadErrorCode } from './download.errors.js';
import { guardedConnector } from './guarded-connector.js';
import type { KubeErrorCode } from './kube-error.js';
import { networkFailure } from './transport-error.js';

export interface SignedDownload {
  /** What is downloaded, for messages */
  readonly what: string;
  /** Whoever has it can read the file */
  readonly url: Secret;
  /** PEM of the store's own authority, beside the public ones; null: none */
  readonly caPem: string | null;
  /** Origins at which plain http is allowed, e.g. `http://minio.example.com:9000` */
  readonly plainHttpOrigins: readonly string[];
}

export interface DownloadLimits {
  /** As sent */
  readonly maxPackedBytes: number;
  /** Once unpacked */
  readonly maxBytes: number;
  /** From the first packet to the last */
  readonly deadlineMs: number;
}

export interface DownloadOptions extends AddressRule, DownloadLimits {
  readonly signal?: AbortSignal;
}

const MAX_URL_LENGTH = 8_192;

const CODES: Partial<Record<KubeErrorCode, DownloadErrorCode>> = {
  HUB_ADDRESS_REFUSED: 'DOWNLOAD_ADDRESS_REFUSED',
  HUB_TLS_FAILED: 'DOWNLOAD_TLS_FAILED',
  HUB_TIMEOUT: 'DOWNLOAD_TIMEOUT',
  HUB_ANSWER_TOO_LARGE: 'DOWNLOAD_TOO_LARGE',
};

/** @throws DownloadError DOWNLOAD_URL_REFUSED */
function checkedUrl({ what, url, plainHttpOrigins }: SignedDownload): URL {
  const text = url.reveal();
  const parsed = text.length > MAX_URL_LENGTH ? null : URL.parse(text);
  const refused = (why: string): DownloadError => new DownloadError('DOWNLOAD_URL_REFUSED', `${what}: ${why}`);
  if (parsed === null) throw refused('the address is no URL');
  if (parsed.username !== '' || parsed.password !== '') throw refused('the address holds a user name or a password');
  const isAllowed = parsed.protocol === 'https:' || (parsed.protocol === 'http:' && plainHttpOrigins.includes(parsed.origin));
  if (!isAllowed) throw refused('the address is not https, and the storage location names no such address');
  return parsed;
}

function failureOf(what: string, error: unknown, deadline: Deadline): Error {
  if (error instanceof DownloadError) return error;
  if (deadline.failure(what) !== null) return new DownloadError('DOWNLOAD_TIMEOUT', deadline.calledOff ? `${what}: called off` : `${what}: not done in time`);
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && code.startsWith('Z_')) return new DownloadError('DOWNLOAD_DAMAGED', `${what}: it is no gzip, or cut short`);
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return new DownloadError('DOWNLOAD_DAMAGED', `${what}: it is no UTF-8`);
  const failure = networkFailure(what, error);
  return new DownloadError(CODES[failure.code] ?? 'DOWNLOAD_UNREACHABLE', failure.message, failure.details);
}

function checkAnswer(what: string, { statusCode, headers }: Dispatcher.ResponseData, maxPackedBytes: number): void {
  if (statusCode >= 300 && statusCode < 400) throw new DownloadError('DOWNLOAD_REDIRECT_REFUSED', `${what}: HTTP ${statusCode}`, { status: statusCode });
  if (statusCode !== 200) throw new DownloadError('DOWNLOAD_REFUSED', `${what}: HTTP ${statusCode}`, { status: statusCode });
  if (Number(headers['content-length'] ?? 0) > maxPackedBytes) throw tooLarge(what, maxPackedBytes);
}

const tooLarge = (what: string, maxBytes: number): DownloadError => new DownloadError('DOWNLOAD_TOO_LARGE', `${what}: it is over ${maxBytes} bytes`, { maxBytes });

/** Lets no more bytes pass than that. */
function limited(what: string, maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooLarge(what, maxBytes));
      else done(null, chunk);
    },
  });
}

/**
 * Reads a gzip file by a signed URL and gives its text piece by piece: never more than one piece is held. No redirect is followed, no
 * header of ours is sent, and neither the URL nor anything of the answer gets into an error.
 * @throws DownloadError, and what `take` throws
 */
export async function downloadGzip(download: SignedDownload, options: DownloadOptions, take: (text: string) => void): Promise<void> {
  const { what, caPem } = download;
  const url = checkedUrl(download);
  const deadline = new Deadline(options.deadlineMs, options.signal);
  let ownFailure: unknown;
  let client: Client | undefined;
  try {
    const ca = caPem === null ? undefined : [...rootCertificates, caPem];
    client = new Client(url.origin, { connect: guardedConnector({ ca, servername: undefined, http2: false }, options), allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
    const answer = await client.request({ path: url.pathname + url.search, method: 'GET', signal: deadline.signal });
    answer.body.on('error', () => undefined);
    checkAnswer(what, answer, options.maxPackedBytes);
    const consume = async (source: AsyncIterable<Buffer>): Promise<void> => {
      const decoder = new TextDecoder('utf-8', { fatal: true });
      const give = (text: string): void => {
        try {
          take(text);
        } catch (error) {
          ownFailure = error;
          throw error;
        }
      };
      for await (const chunk of source) give(decoder.decode(chunk, { stream: true }));
      give(decoder.decode());
    };
    await pipeline(answer.body as Readable, limited(what, options.maxPackedBytes), createGunzip(), limited(what, options.maxBytes), consume, { signal: deadline.signal });
  } catch (error) {
    throw ownFailure === undefined ? failureOf(what, error, deadline) : ownFailure;
  } finally {
    deadline.dispose();
    await client?.destroy();
  }
}
