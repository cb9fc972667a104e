import { DomainError, type ErrorDetails, type ErrorKind } from '../common/domain-error.js';

/** Why something could not be downloaded by a signed URL. Stable: callers branch on it. */
export type DownloadErrorCode =
  | 'DOWNLOAD_URL_REFUSED' // no URL, or neither https nor what the storage location itself says
  | 'DOWNLOAD_ADDRESS_REFUSED' // the host resolves to an address that is never called
  | 'DOWNLOAD_UNREACHABLE' // no connection, or it was cut
  | 'DOWNLOAD_TLS_FAILED'
  | 'DOWNLOAD_TIMEOUT' // also an answer that drips
  | 'DOWNLOAD_REDIRECT_REFUSED'
  | 'DOWNLOAD_REFUSED' // any other status than 200
  | 'DOWNLOAD_TOO_LARGE' // as sent, or once unpacked
  | 'DOWNLOAD_DAMAGED'; // no gzip, cut short, or no UTF-8

const WORDS: Readonly<Record<DownloadErrorCode, { readonly kind: ErrorKind; readonly title: string; readonly remedy: string }>> = {
  DOWNLOAD_URL_REFUSED: {
    kind: 'invalid',
    title: 'The download address is not allowed',
    remedy: 'Give the BackupStorageLocation an https:// address; plain http is used only where its own s3Url or publicUrl says so.',
  },
  DOWNLOAD_ADDRESS_REFUSED: {
    kind: 'invalid',
    title: 'The object store\u2019s address is never called',
    remedy: 'Let the storage\u2019s name resolve to its own address, not to a loopback, link-local or metadata one.',
  },
  DOWNLOAD_UNREACHABLE: {
    kind: 'unavailable',
    title: 'The object store does not answer',
    remedy: 'Open the way from Lifeboat to the object store, or set publicUrl in the BackupStorageLocation to an address that can be reached.',
  },
  DOWNLOAD_TLS_FAILED: {
    kind: 'unavailable',
    title: 'The object store\u2019s certificate is not trusted',
    remedy: 'Put the authority that signed it into the BackupStorageLocation (spec.objectStorage.caCert).',
  },
  DOWNLOAD_TIMEOUT: {
    kind: 'unavailable',
    title: 'The object store did not answer in time',
    remedy: 'Look at the object store\u2019s load and at the way to it; it is tried again by itself.',
  },
  DOWNLOAD_REDIRECT_REFUSED: {
    kind: 'unavailable',
    title: 'The object store answered with a redirect',
    remedy: 'Give the BackupStorageLocation the region and address of the bucket itself.',
  },
  DOWNLOAD_REFUSED: {
    kind: 'unavailable',
    title: 'The object store refused the download',
    remedy: 'Check that the backup\u2019s files are in the bucket, and that the clocks of hub and store agree.',
  },
  DOWNLOAD_TOO_LARGE: {
    kind: 'unavailable',
    title: 'The download is too large',
    remedy: 'Look at what lies in the bucket under the backup\u2019s name: no honest list is that long.',
  },
  DOWNLOAD_DAMAGED: {
    kind: 'unavailable',
    title: 'The download cannot be unpacked',
    remedy: 'Look at what answers at the storage\u2019s address, and whether the file in the bucket is whole.',
  },
};

/** Holds no URL: whoever has it can read the file. */
export class DownloadError extends DomainError {
  readonly kind: ErrorKind;
  readonly title: string;
  override readonly remedy: string;

  constructor(readonly code: DownloadErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details);
    ({ kind: this.kind, title: this.title, remedy: this.remedy } = WORDS[code]);
  }
}
