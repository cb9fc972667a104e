import { unknownClusterId } from '../common/rhacm-names.js';
import type { RemedyBy } from '../common/remedy-by.js';
import { healthVerdicts, type HealthReading } from './hub-health.rules.js';
import type { PrerequisiteState, StorageFacts } from './hubs.types.js';
import { unread, verdict, type PrerequisiteVerdict, type Read } from './reading.rules.js';
import { isUsableStorage } from './storage.rules.js';

export interface ScheduleSummary {
  readonly name: string;
  readonly phase: string | null;
  readonly message: string | null;
  readonly paused: boolean;
  readonly useManagedServiceAccount: boolean;
}

/** What an inspection has found on a hub. */
export interface HubReading {
  readonly health: HealthReading;
  /** ClusterVersion's id, or the substitute */
  readonly clusterId: Read<{ readonly id: string; readonly substitute: boolean }>;
  readonly engine: Read<{ readonly enabled: boolean }>;
  readonly hub: Read<{ readonly enabled: boolean }>;
  readonly addOn: Read<true>;
  /** Names of the DataProtectionApplications in the backup namespace */
  readonly protection: Read<readonly string[]>;
  readonly storage: Read<readonly StorageFacts[]>;
  readonly schedules: Read<readonly ScheduleSummary[]>;
  /** What our credentials may not do, in words */
  readonly missingRights: Read<readonly string[]>;
  /** Its clock against ours; null: not known yet */
  readonly clockSkewSeconds: number | null;
}

const enableRemedy = 'Enable it: POST /api/v1/hubs/{id}/components, or enableHubComponents.';

function engineVerdict({ engine }: HubReading): PrerequisiteVerdict {
  const code = 'MANAGED_SERVICE_ACCOUNT_ENABLED';
  if (engine.is === 'FAILED') return unread(code, 'The MultiClusterEngine', engine.code);
  if (engine.is === 'ABSENT') return verdict(code, 'NOT_MET', 'The hub has no MultiClusterEngine', 'Install RHACM on the hub.');
  if (!engine.value.enabled) return verdict(code, 'NOT_MET', 'The component managedserviceaccount is not enabled in the MultiClusterEngine', enableRemedy);
  return verdict(code, 'MET', 'The component managedserviceaccount is enabled');
}

function addOnVerdict({ addOn }: HubReading): PrerequisiteVerdict {
  const code = 'MANAGED_SERVICE_ACCOUNT_ADDON_PRESENT';
  if (addOn.is === 'FAILED') return unread(code, 'The ClusterManagementAddOn', addOn.code);
  if (addOn.is === 'ABSENT') {
    const remedy = 'Enable the component managedserviceaccount, then wait until the MultiClusterEngine has rolled it out.';
    return verdict(code, 'NOT_MET', 'The ClusterManagementAddOn managed-serviceaccount does not exist', remedy);
  }
  return verdict(code, 'MET', 'The ClusterManagementAddOn managed-serviceaccount exists');
}

function backupVerdict({ hub }: HubReading): PrerequisiteVerdict {
  const code = 'CLUSTER_BACKUP_ENABLED';
  if (hub.is === 'FAILED') return unread(code, 'The MultiClusterHub', hub.code);
  if (hub.is === 'ABSENT') return verdict(code, 'NOT_MET', 'The hub has no MultiClusterHub', 'Install RHACM on the hub.');
  if (!hub.value.enabled) return verdict(code, 'NOT_MET', 'The component cluster-backup is not enabled in the MultiClusterHub', enableRemedy);
  return verdict(code, 'MET', 'The component cluster-backup is enabled');
}

function protectionVerdict({ protection }: HubReading): PrerequisiteVerdict {
  const code = 'DATA_PROTECTION_APPLICATION_PRESENT';
  if (protection.is === 'FAILED') return unread(code, 'The DataProtectionApplications', protection.code);
  if (protection.is === 'ABSENT' || protection.value.length === 0) {
    const remedy = 'Create a DataProtectionApplication in open-cluster-management-backup with the storage that both hubs share.';
    return verdict(code, 'NOT_MET', 'There is no DataProtectionApplication in open-cluster-management-backup', remedy);
  }
  return verdict(code, 'MET', `DataProtectionApplication ${[...protection.value].sort().join(', ')} exists`);
}

function storageVerdict({ storage }: HubReading): PrerequisiteVerdict {
  const code = 'BACKUP_STORAGE_AVAILABLE';
  if (storage.is === 'FAILED') return unread(code, 'The BackupStorageLocations', storage.code);
  const locations = storage.is === 'ABSENT' ? [] : storage.value;
  const usable = locations.filter(isUsableStorage).map(({ name }) => name);
  if (usable.length > 0) return verdict(code, 'MET', `BackupStorageLocation ${usable.sort().join(', ')} is Available`);
  if (locations.length === 0) {
    return verdict(code, 'NOT_MET', 'There is no BackupStorageLocation in open-cluster-management-backup', 'Create a DataProtectionApplication with a backup location.');
  }
  const why = locations.map(({ name, owned, phase }) => (owned ? `${name} is ${phase ?? 'without a phase'}` : `${name} belongs to no DataProtectionApplication`));
  return verdict(code, 'NOT_MET', `No BackupStorageLocation can be used: ${why.sort().join('; ')}`, 'Check bucket, credentials and the network to the store.');
}

/** Each phase's cause and remedy; a phase that is not listed is not known to us. */
const PHASES: Readonly<Record<string, { readonly state: PrerequisiteState; readonly cause: string; readonly remedy: string; readonly remedyBy?: RemedyBy }>> = {
  Enabled: { state: 'MET', cause: 'is Enabled', remedy: '' },
  New: { state: 'UNKNOWN', cause: 'is New: the operator has not made its Velero schedules yet', remedy: 'Wait a minute; if it stays, look at the backup operator\u2019s log.', remedyBy: 'NOBODY' },
  FailedValidation: { state: 'NOT_MET', cause: 'failed its validation', remedy: 'Mend what the message names; the operator looks again every minute.' },
  Failed: { state: 'NOT_MET', cause: 'has Failed', remedy: 'Mend what the message names.' },
  Unknown: { state: 'UNKNOWN', cause: 'has the phase Unknown', remedy: 'Look at the Velero schedules in open-cluster-management-backup.' },
  BackupCollision: {
    state: 'NOT_MET',
    cause: 'is in BackupCollision: another hub writes to the same storage, or took over its clusters',
    remedy: 'Decide which hub is the active one; on that hub delete the BackupSchedule and create it anew.',
  },
  Paused: { state: 'NOT_MET', cause: 'is Paused', remedy: 'Set paused to false when this hub shall back up again.' },
};

/** The one that counts where there are several: an enabled one, else the first by name. */
function governing(schedules: readonly ScheduleSummary[]): ScheduleSummary | undefined {
  const sorted = [...schedules].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.find(({ phase }) => phase === 'Enabled') ?? sorted[0];
}

function scheduleVerdicts({ schedules }: HubReading): PrerequisiteVerdict[] {
  const codes = ['BACKUP_SCHEDULE_ENABLED', 'MANAGED_SERVICE_ACCOUNT_IN_SCHEDULE'] as const;
  if (schedules.is === 'FAILED') return codes.map((code) => unread(code, 'The BackupSchedules', schedules.code));
  const schedule = schedules.is === 'ABSENT' ? undefined : governing(schedules.value);
  if (schedule === undefined) {
    const remedy = 'Create one: PUT /api/v1/hubs/{id}/backup-schedule, or putBackupSchedule. A passive hub needs none.';
    return codes.map((code) => verdict(code, 'NOT_MET', 'There is no BackupSchedule in open-cluster-management-backup', remedy));
  }
  const { name, phase, message, useManagedServiceAccount } = schedule;
  const others = schedules.is === 'READ' ? schedules.value : [];
  const known = phase === null ? undefined : PHASES[phase];
  const said = message === null || phase === 'Enabled' ? '' : `: ${message}`;
  const enabled =
    known === undefined
      ? verdict(codes[0], 'UNKNOWN', `BackupSchedule ${name} has ${phase === null ? 'no phase' : `the phase ${phase}, which we do not know`}${said}`, 'See that the backup operator runs.')
      : verdict(codes[0], known.state, `BackupSchedule ${name} ${known.cause}${said}`, known.remedy, known.remedyBy);
  // One that has it off beside one that has it on: the operator deletes at each look at it.
  const off = useManagedServiceAccount ? others.find((other) => !other.useManagedServiceAccount && !other.paused && other.phase !== 'BackupCollision') : schedule;
  const accounts = off === undefined
    ? verdict(codes[1], 'MET', `BackupSchedule ${name} has useManagedServiceAccount on`)
    : verdict(codes[1], 'NOT_MET', `BackupSchedule ${off.name} has useManagedServiceAccount off: the backup operator deletes auto-import accounts`, 'Set useManagedServiceAccount to true.');
  return [enabled, accounts];
}

function rightsVerdict({ missingRights }: HubReading): PrerequisiteVerdict {
  const code = 'RIGHTS_SUFFICIENT';
  if (missingRights.is !== 'READ') return unread(code, 'Our own rights', missingRights.is === 'FAILED' ? missingRights.code : 'not served');
  if (missingRights.value.length === 0) return verdict(code, 'MET', 'Lifeboat\u2019s account has every right that it needs');
  return verdict(code, 'NOT_MET', `Lifeboat\u2019s account may not: ${missingRights.value.join(', ')}`, 'Bind the ClusterRole of deploy/hub-rbac.yaml to the account.');
}

function identityVerdict({ clusterId }: HubReading): PrerequisiteVerdict {
  const code = 'CLUSTER_ID_KNOWN';
  if (clusterId.is !== 'READ') return unread(code, 'The ClusterVersion', clusterId.is === 'FAILED' ? clusterId.code : 'not served');
  if (!clusterId.value.substitute) return verdict(code, 'MET', `The hub\u2019s cluster id is ${clusterId.value.id}`);
  const cause = `The hub has no ClusterVersion: its backups are marked ${JSON.stringify(unknownClusterId)} and cannot be told from those of another such hub`;
  return verdict(code, 'NOT_MET', cause, 'Give the hub a ClusterVersion named version with a spec.clusterID of its own.');
}

/** Beyond this, times that the hub writes (expiry, starts of backups) can no longer be compared with ours without a mistake that counts. */
const MOST_SKEW_SECONDS = 60;

/** The cause is in whole minutes, so that it stays the same while the clocks do. */
export function clockVerdict(skewSeconds: number): PrerequisiteVerdict {
  const code = 'CLOCK_IN_STEP';
  if (Math.abs(skewSeconds) <= MOST_SKEW_SECONDS) return verdict(code, 'MET', 'The hub\u2019s clock is within a minute of Lifeboat\u2019s');
  const minutes = Math.round(Math.abs(skewSeconds) / 60);
  const cause = `The hub\u2019s clock is about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ${skewSeconds > 0 ? 'ahead of' : 'behind'} Lifeboat\u2019s`;
  return verdict(code, 'NOT_MET', cause, 'Find out which of the two is wrong, and let it keep its time by NTP.');
}

/** Every prerequisite of a hub, from one reading. */
export function prerequisitesOf(reading: HubReading): PrerequisiteVerdict[] {
  return [
    engineVerdict(reading),
    addOnVerdict(reading),
    backupVerdict(reading),
    protectionVerdict(reading),
    storageVerdict(reading),
    ...scheduleVerdicts(reading),
    rightsVerdict(reading),
    identityVerdict(reading),
    ...healthVerdicts(reading.health),
    verdict('CREDENTIALS_READABLE', 'MET', 'The stored credentials can be opened'),
    ...(reading.clockSkewSeconds === null ? [] : [clockVerdict(reading.clockSkewSeconds)]),
  ];
}

/** All that can be said of a hub whose credentials cannot be opened, or that does not answer. */
export const CREDENTIALS_UNREADABLE: PrerequisiteVerdict = {
  code: 'CREDENTIALS_READABLE',
  state: 'NOT_MET',
  cause: 'The stored credentials cannot be opened: they are sealed with a key that this process does not have, or were altered',
  remedy: 'Start Lifeboat with the right sealing key, or give the hub new credentials.',
  remedyBy: 'LIFEBOAT_OPERATOR',
};
