import { parseGoDuration } from '../common/duration.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';

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
   * What the hub's own backup operator does about tokens: ON keeps them, as we do; OFF deletes them, also ours;
   * ABSENT (no BackupSchedule) does nothing.
   */
  readonly operator: 'ON' | 'OFF' | 'ABSENT';
  /** Asked for by `spec.rotation.validity`, in milliseconds */
  readonly validityMs: number;
  /** The validity is the hub's own setting here, not what the operator works out */
  readonly validityOverridden: boolean;
  /** Label selectors of clusters that are passed over; none unless we may write */
  readonly exclusions: readonly string[];
  readonly margins: TokenMargins;
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
}

const marginsOf = (hub: HubTokenSettings): TokenMargins => ({
  expiryWarningMs: hub.tokenExpiryWarningSeconds === null ? null : hub.tokenExpiryWarningSeconds * 1000,
  pairShare: Math.max(PAIR_SHARE, hub.tokenPairAfterPercent / 100),
  renewalOverdueMs: hub.tokenRenewalOverdueSeconds === null ? RENEWAL_OVERDUE_MS : hub.tokenRenewalOverdueSeconds * 1000,
});

/**
 * A hub that lost its fleet to another is written to no more, fenced or not yet: its clusters have moved.
 * @param schedules the hub's BackupSchedules, in the order of their names
 */
export function tokenPolicy(
  hub: HubTokenSettings,
  componentEnabled: boolean,
  schedules: readonly BackupScheduleFacts[],
): TokenPolicy {
  const alive = schedules.filter(({ deleting }) => !deleting);
  const on = alive.find(({ useManagedServiceAccount }) => useManagedServiceAccount);
  const protect = hub.policy === 'PROTECT' && hub.fencing === 'NONE';
  return {
    protect,
    exclusions: protect ? hub.tokenExclusions : [],
    margins: marginsOf(hub),
    componentEnabled,
    operator: on !== undefined ? 'ON' : alive.length > 0 ? 'OFF' : 'ABSENT',
    validityMs: hub.tokenValiditySeconds === null ? operatorValidityMs(on ?? alive[0] ?? null) : hub.tokenValiditySeconds * 1000,
    validityOverridden: hub.tokenValiditySeconds !== null,
  };
}
