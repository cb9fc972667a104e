import { plannedCluster, worldPlan, type WorldPlan } from './world-plan.js';

/** A world that was once foretold wrongly. */
export interface Counterexample {
  readonly because: string;
  readonly plan: WorldPlan;
  /** By cluster: what is foretold, and how its import ends or why the failover did not run */
  readonly ends: Readonly<Record<string, string>>;
}

/** Kept, so that they stay right. */
export const COUNTEREXAMPLES: readonly Counterexample[] = [
  {
    because: 'every set had expired when the failover began, and the source’s silence was taken for a doubt',
    plan: worldPlan('expired sets', [plannedCluster('c1')], { veleroTtl: '2h0m0s', hoursUntilFailover: 8 }),
    ends: { c1: 'NOT_READY NO_BACKUP_SET → NO_BACKUP_SET' },
  },
  {
    because: 'a backup carries along that an import is forbidden',
    plan: worldPlan('forbidden import', [plannedCluster('c1'), plannedCluster('c2')], { cycles: [{ happenings: [{ what: 'DISABLE_IMPORT', cluster: 'c1', minutesBefore: 8 }] }] }),
    ends: { c1: 'NOT_READY IMPORT_DISABLED → IMPORT_DISABLED', c2: 'READY → RECONNECTED' },
  },
  {
    because: 'the source died in the middle of its only set',
    plan: worldPlan('half a set', [plannedCluster('c1')], { veleroTtl: '2h0m0s', cycles: [{ happenings: [] }], diesInRunAfterSeconds: 65, hoursUntilFailover: 2 }),
    ends: { c1: 'NOT_READY NO_BACKUP_SET → NO_BACKUP_SET' },
  },
  {
    because: 'an account was deleted after the backup and made anew: the cluster takes no token of the old one',
    plan: worldPlan('account made anew', [plannedCluster('c1'), plannedCluster('c2')], { lastHappenings: [{ what: 'DELETE_ACCOUNT', cluster: 'c1' }] }),
    ends: { c1: 'NOT_READY TOKEN_REVOKED → TOKEN_REJECTED', c2: 'READY → RECONNECTED' },
  },
  {
    because: 'the cluster is unreachable for sure, but whether the set holds a token, which an import looks at first, is not known: the reason was told all the same',
    plan: worldPlan('a doubt before an obstacle', [plannedCluster('c1', { asleep: true })], { watchedLate: true, cycles: [] }),
    ends: { c1: 'NOT_READY CLUSTER_UNREACHABLE → NO_TOKEN_RESTORED' },
  },
  {
    because: 'what had kept a cluster out of the backup, or its import from happening, was taken away after the backup: both were promised',
    plan: worldPlan('taken away too late', [plannedCluster('c1', { excluded: true }), plannedCluster('c2', { importDisabled: true }), plannedCluster('c3')], {
      lastHappenings: [{ what: 'INCLUDE', cluster: 'c1' }, { what: 'ENABLE_IMPORT', cluster: 'c2' }],
    }),
    ends: { c1: 'NOT_READY CLUSTER_NOT_IN_BACKUP → CLUSTER_NOT_RESTORED', c2: 'NOT_READY IMPORT_DISABLED → IMPORT_DISABLED', c3: 'READY → RECONNECTED' },
  },
  {
    because: 'an address was corrected after the backup, which brings back the wrong one: READY was said of it',
    plan: worldPlan('an old address', [plannedCluster('c1', { kind: 'eks', urlEntered: true, urlWrong: true }), plannedCluster('c2', { kind: 'eks', urlEntered: true })], { lastHappenings: [{ what: 'CORRECT_URL', cluster: 'c1' }] }),
    ends: { c1: 'UNKNOWN API_URL_CHANGED → CLUSTER_UNREACHABLE', c2: 'READY → RECONNECTED' },
  },
  {
    because: 'an account was made anew while the agent on the cluster was stuck: nobody had taken the old one away there, and its token was told to be worthless',
    plan: worldPlan('made anew, unnoticed', [plannedCluster('c1'), plannedCluster('c2')], {
      cycles: [{ happenings: [{ what: 'HOLD_AGENT', cluster: 'c1', minutesBefore: 20 }] }], lastHappenings: [{ what: 'DELETE_ACCOUNT', cluster: 'c1' }, { what: 'DELETE_ACCOUNT', cluster: 'c2' }],
    }),
    ends: { c1: 'UNKNOWN TOKEN_REVOKED → RECONNECTED', c2: 'NOT_READY TOKEN_REVOKED → TOKEN_REJECTED' },
  },
  {
    because: 'the last token ended while a cluster was not reached, or refused it: that it had ended was told as the reason',
    plan: worldPlan('ended meanwhile', [plannedCluster('c1'), plannedCluster('c2'), plannedCluster('c3')], {
      tokenTtl: '2h0m0s', lastHappenings: [{ what: 'SLEEP', cluster: 'c1' }, { what: 'DELETE_ACCOUNT', cluster: 'c2' }], hoursUntilFailover: 0.9,
    }),
    ends: { c1: 'NOT_READY CLUSTER_UNREACHABLE → CLUSTER_UNREACHABLE', c2: 'NOT_READY TOKEN_REVOKED → TOKEN_REJECTED', c3: 'AT_RISK TOKEN_EXPIRES_SOON → RECONNECTED' },
  },
  {
    because: 'the newest set lacks a token that a standing Restore has brought to the target with an older one, where it still lies',
    plan: worldPlan('left on the target', [plannedCluster('c1'), plannedCluster('c2')], {
      standingRestore: true, cycles: [{ happenings: [] }, { happenings: [{ what: 'HOLD_AGENT', cluster: 'c1', minutesBefore: 20 }, { what: 'DELETE_SECRET', cluster: 'c1', minutesBefore: 8 }] }],
    }),
    ends: { c1: 'AT_RISK TOKEN_MISSING → RECONNECTED', c2: 'READY → RECONNECTED' },
  },
  {
    because: 'a Secret was emptied, or the content of a work taken away, which no hub shows: only trying the token does',
    plan: worldPlan('tried tokens', ['c1', 'c2', 'c3', 'c4', 'c5'].map((name) => plannedCluster(name)), {
      deepCheck: 'THROUGHOUT', tokenTtl: '72h0m0s', cycles: [{ happenings: [] }, { happenings: [{ what: 'SPOIL_WORK', cluster: 'c1', minutesBefore: 8 }, { what: 'EMPTY_TOKEN', cluster: 'c2', minutesBefore: 8 }] }],
      lastHappenings: [{ what: 'EMPTY_TOKEN', cluster: 'c3' }, { what: 'SPOIL_WORK', cluster: 'c4' }],
    }),
    ends: {
      c1: 'NOT_READY TOKEN_RIGHTS_MISSING → TOKEN_REJECTED', c2: 'NOT_READY TOKEN_EMPTY → TOKEN_EMPTY', c3: 'UNKNOWN TOKEN_EMPTY → RECONNECTED', c4: 'NOT_READY TOKEN_RIGHTS_MISSING → TOKEN_REJECTED',
      c5: 'READY → RECONNECTED',
    },
  },
  {
    because: 'the source died in the middle of a set, of which the managed clusters were done: a standing Restore takes those, though the rest is missing',
    plan: worldPlan('the newest managed clusters', [plannedCluster('c1'), plannedCluster('c2', { joinsBeforeCycle: 2 }), plannedCluster('c3')], {
      seed: 3, standingRestore: true, cycles: [{ happenings: [] }, { happenings: [{ what: 'EXCLUDE', cluster: 'c3', minutesBefore: 20 }] }], diesInRunAfterSeconds: 70,
      sourceSwitches: { queueWaits: 0.5, suffixesDiffer: 0.4 },
    }),
    ends: { c1: 'READY → RECONNECTED', c2: 'READY → RECONNECTED', c3: 'NOT_READY CLUSTER_NOT_IN_BACKUP → CLUSTER_NOT_RESTORED' },
  },
  {
    because: 'a standing Restore had brought a token, and the next backup holds an empty Secret in its place: it is emptied on the target too',
    plan: worldPlan('emptied on the target', [plannedCluster('c1'), plannedCluster('c2')], {
      seed: 2, standingRestore: true, deepCheck: 'THROUGHOUT', tokenTtl: '72h0m0s', cycles: [{ happenings: [] }, { happenings: [{ what: 'EMPTY_TOKEN', cluster: 'c1', minutesBefore: 8 }] }],
    }),
    ends: { c1: 'NOT_READY TOKEN_EMPTY → TOKEN_EMPTY', c2: 'READY → RECONNECTED' },
  },
  {
    because: 'somebody made a ServiceAccount anew on its cluster: the backup holds a token of the old one, and READY was said of it since its agent had renewed the token',
    plan: worldPlan('another ServiceAccount', [plannedCluster('c1'), plannedCluster('c2'), plannedCluster('c3')], {
      tokenTtl: '72h0m0s', cycles: [{ happenings: [] }, { happenings: [{ what: 'REMAKE_SERVICE_ACCOUNT', cluster: 'c2', minutesBefore: 4 }] }], lastHappenings: [{ what: 'REMAKE_SERVICE_ACCOUNT', cluster: 'c1' }],
    }),
    ends: { c1: 'UNKNOWN TOKEN_REVOKED → TOKEN_REJECTED', c2: 'READY → RECONNECTED', c3: 'READY → RECONNECTED' },
  },
  {
    because: 'the token of a backup was known to be empty, and that knowledge was thrown away as too old, though a backup does not change',
    plan: worldPlan('empty for long', [plannedCluster('c1'), plannedCluster('c2')], {
      deepCheck: 'THROUGHOUT', tokenTtl: '6h0m0s', cycles: [{ happenings: [{ what: 'EMPTY_TOKEN', cluster: 'c1', minutesBefore: 8 }] }], hoursUntilFailover: 80,
    }),
    ends: { c1: 'NOT_READY TOKEN_EMPTY → TOKEN_EMPTY', c2: 'NOT_READY TOKEN_EXPIRED → TOKEN_EXPIRED' },
  },
];
