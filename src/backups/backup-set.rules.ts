import { backupTypes, veleroBackupPhases as phases } from '../common/rhacm-names.js';
import type { BackupSetStatus } from './backups.types.js';

/** One Velero Backup, whoever shows it. */
export interface BackupFacts {
  readonly name: string;
  readonly type: string | null;
  /** The BackupSchedule that ran; null: not told */
  readonly scheduleName: string | null;
  readonly phase: string | null;
  readonly createdAt: Date | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly expiresAt: Date | null;
}

export interface PairedSet {
  readonly credentialsBackup: string;
  readonly resourcesBackup: string | null;
  readonly genericBackup: string | null;
  readonly managedClustersBackup: string | null;
  readonly status: BackupSetStatus;
  readonly startedAt: Date | null;
  readonly managedClustersStartedAt: Date | null;
  /** When the last of its members was done; null while one is not */
  readonly completedAt: Date | null;
  /** The earliest expiry of its members */
  readonly expiresAt: Date | null;
  readonly scheduleName: string | null;
}

/**
 * Velero makes the members of one run in one pass over its schedules, whose names then differ by a second or two at most; the order within
 * the pass is not fixed.
 */
const SAME_PASS_MS = 30_000;
/** A schedule whose last backup was not done is looked at again a minute later; a member that has not come after this does not come any more. */
const LATEST_MEMBER_MS = 5 * 60_000;

const USABLE: ReadonlySet<string | null> = new Set([phases.completed, phases.partiallyFailed]);
const FAILED: ReadonlySet<string | null> = new Set([phases.failed, phases.failedValidation, phases.deleting]);

export const isUsable = ({ phase }: { readonly phase: string | null }): boolean => USABLE.has(phase);
const isRunning = ({ phase }: BackupFacts): boolean => !USABLE.has(phase) && !FAILED.has(phase);

/** When a Backup was made, by its name's `-yyyymmddhhmmss` (UTC); else by its creation. */
export function madeAt({ name, createdAt, startedAt }: Pick<BackupFacts, 'name' | 'createdAt' | 'startedAt'>): Date | null {
  const suffix = /-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(name);
  if (suffix === null) return createdAt ?? startedAt;
  const [, year, month, day, hour, minute, second] = suffix.map(Number) as [number, number, number, number, number, number, number];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return Number.isNaN(at.getTime()) ? (createdAt ?? startedAt) : at;
}

interface Made extends BackupFacts {
  readonly madeMs: number;
}

function made(backups: readonly BackupFacts[], type: string): Made[] {
  return backups
    .filter((backup) => backup.type === type)
    .map((backup) => ({ ...backup, madeMs: madeAt(backup)?.getTime() ?? NaN }))
    .filter(({ madeMs }) => !Number.isNaN(madeMs))
    .sort((a, b) => a.madeMs - b.madeMs || (a.name < b.name ? -1 : 1));
}

/**
 * The partner of one type: the one made at the same second, if it is usable; else the first usable one that was made in the same pass or later,
 * before the next credentials backup's pass; else the first of those that still runs; else none.
 * A backup with the very second of another credentials backup is that one's, and what another BackupSchedule made belongs to no run of this one.
 */
function partner(candidates: readonly Made[], own: Made, next: Made | undefined, credentialSeconds: ReadonlySet<number>): Made | null {
  const from = own.madeMs - SAME_PASS_MS;
  const until = next === undefined ? Infinity : next.madeMs - Math.min(SAME_PASS_MS, (next.madeMs - own.madeMs) / 2);
  const sameSchedule = ({ scheduleName }: Made): boolean => scheduleName === null || own.scheduleName === null || scheduleName === own.scheduleName;
  const eligible = candidates.filter(
    (one) => sameSchedule(one) && (one.madeMs === own.madeMs || (one.madeMs >= from && one.madeMs < until && !credentialSeconds.has(one.madeMs))),
  );
  const first = (test: (backup: Made) => boolean): Made | undefined => eligible.find((one) => one.madeMs === own.madeMs && test(one)) ?? eligible.find(test);
  return first(isUsable) ?? first(isRunning) ?? null;
}

const latest = (moments: readonly (Date | null)[]): Date | null =>
  moments.some((moment) => moment === null) ? null : new Date(Math.max(...moments.map((moment) => moment?.getTime() ?? 0)));

function earliest(moments: readonly (Date | null)[]): Date | null {
  const known = moments.filter((moment) => moment !== null).map((moment) => moment.getTime());
  return known.length === 0 ? null : new Date(Math.min(...known));
}

function statusOf(own: Made, needed: readonly (Made | null)[], generic: Made | null, mayStillCome: boolean): BackupSetStatus {
  if (!isUsable(own)) return isRunning(own) ? 'IN_PROGRESS' : 'FAILED';
  if (needed.some((member) => (member === null ? mayStillCome : isRunning(member))) || (generic !== null && isRunning(generic))) return 'IN_PROGRESS';
  return needed.every((member) => member !== null && isUsable(member)) ? 'COMPLETE' : 'PARTIAL';
}

/**
 * Pairs the backups of one hub into sets: one set for each credentials backup, oldest first. Only the operator's first set shares a second for
 * certain; later members may be seconds or, where Velero skipped a schedule, minutes apart.
 * Generic resources come where there are any; a set without them is complete all the same, as older releases make none.
 * @param now what has not come long after the credentials backup was made will not come
 */
export function pairSets(backups: readonly BackupFacts[], now: Date): PairedSet[] {
  const credentials = made(backups, backupTypes.credentials);
  const others = [backupTypes.resources, backupTypes.managedClusters, backupTypes.resourcesGeneric].map((type) => made(backups, type));
  const seconds = new Set(credentials.map(({ madeMs }) => madeMs));
  return credentials.map((own, index) => {
    const next = credentials[index + 1];
    const [resources, managedClusters, generic] = others.map((candidates) => partner(candidates, own, next, seconds)) as [Made | null, Made | null, Made | null];
    const members = [own, resources, managedClusters, generic].filter((member) => member !== null);
    const mayStillCome = next === undefined && now.getTime() < own.madeMs + LATEST_MEMBER_MS;
    const status = statusOf(own, [resources, managedClusters], generic, mayStillCome);
    return {
      credentialsBackup: own.name,
      resourcesBackup: resources?.name ?? null,
      genericBackup: generic?.name ?? null,
      managedClustersBackup: managedClusters?.name ?? null,
      status,
      startedAt: own.startedAt,
      managedClustersStartedAt: managedClusters?.startedAt ?? null,
      completedAt: status === 'IN_PROGRESS' ? null : latest(members.map(({ completedAt }) => completedAt)),
      expiresAt: earliest(members.map(({ expiresAt }) => expiresAt)),
      scheduleName: own.scheduleName,
    };
  });
}
