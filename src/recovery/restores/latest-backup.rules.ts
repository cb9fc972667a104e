import { isUsable } from '../../backups/backup-set.rules.js';

interface ShownBackup {
  readonly name: string;
  readonly type: string | null;
  readonly phase: string | null;
  /** ISO 8601 */
  readonly startedAt: string | null;
}

/** What the operator takes for `latest`: the newest of the type, whatever set it belongs to. null: there is none */
export const latestBackup = <T extends ShownBackup>(type: string, shown: readonly T[]): T | null =>
  shown.filter((backup) => backup.type === type && isUsable(backup)).reduce<T | null>((last, one) => ((one.startedAt ?? '') > (last?.startedAt ?? '') ? one : last), null);
