import { DomainError } from '../common/domain-error.js';

/** PostgreSQL does not answer, or not in time. Whether what was asked for has happened is not known. */
export class DatabaseUnavailableError extends DomainError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly kind = 'unavailable';
  readonly title = 'The database does not answer';
  override readonly remedy = 'Try again in a few seconds; repeat writes with the same idempotency key.';

  constructor(why: string, options?: ErrorOptions) {
    super(`PostgreSQL does not answer: ${why}`, {}, options);
  }
}

/** The database was migrated by a newer version of Lifeboat. */
export class SchemaTooNewError extends DomainError {
  readonly code = 'SCHEMA_TOO_NEW';
  readonly kind = 'internal';
  readonly title = 'The database is newer than this program';
  override readonly remedy = 'Run a version of Lifeboat that knows these migrations, or restore a backup of the database that this version wrote.';

  constructor(unknown: readonly string[]) {
    super(`The database has migrations that this version does not know: ${unknown.join(', ')}`, { migrations: unknown });
  }
}

/** A migration could not be applied, or an applied one has changed since. */
export class MigrationFailedError extends DomainError {
  readonly code = 'MIGRATION_FAILED';
  readonly kind = 'internal';
  readonly title = 'The database could not be migrated';
  override readonly remedy = 'Mend what the message names and start again; nothing is half applied, since each migration is one transaction.';

  constructor(why: string, options?: ErrorOptions) {
    super(`The database could not be migrated: ${why}`, {}, options);
  }
}

export class EmbeddedPostgresError extends DomainError {
  readonly code = 'EMBEDDED_POSTGRES_FAILED';
  readonly kind = 'internal';
  readonly title = 'The embedded PostgreSQL did not start';
  override readonly remedy = 'Read what the server said, or set DATABASE_URL to a PostgreSQL of your own (16 or newer).';

  constructor(message: string, options?: ErrorOptions) {
    super(message, {}, options);
  }
}

export class DataFolderInUseError extends DomainError {
  readonly code = 'DATA_FOLDER_IN_USE';
  readonly kind = 'conflict';
  readonly title = 'Another process uses the data folder';
  override readonly remedy = 'Stop the other process, or give this one a folder of its own (LIFEBOAT_DATA_DIR) or a database (DATABASE_URL).';

  constructor(lockFile: string, pid: number | null) {
    super(`Another process${pid === null ? '' : ` (${pid})`} uses this data folder: ${lockFile}`, { lockFile, pid });
  }
}
