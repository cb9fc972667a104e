import { parseGoDuration } from '../common/duration.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import { setRhythm, type SetRhythm } from './token-coverage.rules.js';

/** How early the hub's owner wants to hear of a token, and when its pair is made. */
export interface TokenMargins {
  /** null: an expiry is told when it has come */
  readonly expiryWarningMs: number | null;
  /** Share of the first token's life: half of it at least */
  readonly pairShare: number;
  /** After the moment at which the agent renews */
  readonly renewalOverdueMs: number;
}

export const RENEWAL_OVERDUE_MS = 15 * 60_000;
export const PAIR_SHARE = 0.5;

/** What holds for all tokens of one hub. */
export interface TokenPolicy {
  /** We may write */
  readonly protect: boolean;
  /** The add-on `managed-serviceaccount` exists on the hub, which it does only while the component is enabled */
  readonly componentEnabled: boolean;
  /**
   * What the hub's own backup operator does about tokens: ON keeps them, as we do; OFF deletes them, also ours, or will as soon as a schedule
   * that waits goes on; ABSENT (no BackupSchedule) does nothing.
   */
  readonly operator: 'ON' | 'OFF' | 'ABSENT';
  /** Asked for by `spec.rotation.validity`, in milliseconds */
  readonly validityMs: number;
  /** The validity is the hub's own setting here, not what the operator works out */
  readonly validityOverridden: boolean;
  /** Label selectors of clusters that are passed over; none unless we may write */
  readonly exclusions: readonly string[];
  readonly margins: TokenMargins;
  /** When the hub's backup sets come; null: none do */
  readonly sets: SetRhythm | null;
  /** The longest RPO of the plans whose source the hub is, in milliseconds; null: there is no plan */
  readonly rpoMs: number | null;
  /** Another Lifeboat keeps the hub's tokens too */
  readonly otherLifeboat: boolean;
}

/** 2 × 720h: the operator's own, where neither managedServiceAccountTTL nor veleroTtl is set. */
export const DEFAULT_VALIDITY_MS = 1440 * 3_600_000;

const positive = (duration: string | null): number | null => {
  const ms = duration === null ? null : parseGoDuration(duration);
  return ms !== null && ms > 0 ? ms : null;
};

/** As the operator works it out: `managedServiceAccountTTL`, else twice `veleroTtl`, else 1440h. A duration that is none counts as absent. */
export function operatorValidityMs(schedule: Pick<BackupScheduleFacts, 'tokenTtl' | 'veleroTtl'> | null): number {
  if (schedule === null) return DEFAULT_VALIDITY_MS;
  const own = positive(schedule.tokenTtl);
  if (own !== null) return own;
  const veleroTtl = positive(schedule.veleroTtl);
  return veleroTtl === null ? DEFAULT_VALIDITY_MS : 2 * veleroTtl;
}

export interface HubTokenSettings {
  readonly policy: string;
  readonly fencing: string;
  readonly tokenValiditySeconds: number | null;
  readonly tokenExclusions: readonly string[];
  readonly tokenExpiryWarningSeconds: number | null;
  readonly tokenPairAfterPercent: number;
  readonly tokenRenewalOverdueSeconds: number | null;
  /** The longest RPO of its plans */
  readonly rpoSeconds: number | null;
}

const marginsOf = (hub: HubTokenSettings): TokenMargins => ({
  expiryWarningMs: hub.tokenExpiryWarningSeconds === null ? null : hub.tokenExpiryWarningSeconds * 1000,
  pairShare: Math.max(PAIR_SHARE, hub.tokenPairAfterPercent / 100),
  renewalOverdueMs: hub.tokenRenewalOverdueSeconds === null ? RENEWAL_OVERDUE_MS : hub.tokenRenewalOverdueSeconds * 1000,
});

/** Not looked at by the operator, and so without effect as long as it is so. */
const rests = ({ paused, phase }: BackupScheduleFacts): boolean => paused || phase === 'BackupCollision';

/**
 * A schedule with the switch off makes the operator delete at each look, whatever other schedules say: of two that disagree one undoes the other.
 * @see cluster-backup-operator, controllers/pre_backup.go, processMSAResources
 */
function operatorOf(alive: readonly BackupScheduleFacts[]): TokenPolicy['operator'] {
  if (alive.some((schedule) => !schedule.useManagedServiceAccount && !rests(schedule))) return 'OFF';
  if (alive.some(({ useManagedServiceAccount }) => useManagedServiceAccount)) return 'ON';
  return alive.length > 0 ? 'OFF' : 'ABSENT';
}

/**
 * A hub that lost its fleet to another is written to no more, fenced or not yet: its clusters have moved.
 * @param schedules the hub's BackupSchedules, in the order of their names
 * @param rhythmOf setRhythm, or what remembers its answers: it reckons four weeks ahead
 */
export function tokenPolicy(
  hub: HubTokenSettings,
  componentEnabled: boolean,
  schedules: readonly BackupScheduleFacts[],
  rhythmOf: (schedule: BackupScheduleFacts) => SetRhythm | null = setRhythm,
): TokenPolicy {
  const alive = schedules.filter(({ deleting }) => !deleting);
  const on = alive.find(({ useManagedServiceAccount }) => useManagedServiceAccount);
  const governing = on ?? alive[0] ?? null;
  const protect = hub.policy === 'PROTECT' && hub.fencing === 'NONE';
  return {
    protect,
    exclusions: protect ? hub.tokenExclusions : [],
    margins: marginsOf(hub),
    componentEnabled,
    operator: operatorOf(alive),
    sets: governing === null ? null : rhythmOf(governing),
    otherLifeboat: false,
    rpoMs: hub.rpoSeconds === null ? null : hub.rpoSeconds * 1000,
    validityMs: hub.tokenValiditySeconds === null ? operatorValidityMs(governing) : hub.tokenValiditySeconds * 1000,
    validityOverridden: hub.tokenValiditySeconds !== null,
  };
}
