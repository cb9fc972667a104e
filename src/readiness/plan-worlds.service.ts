import { Injectable } from '@nestjs/common';
import { veleroLabelValue } from '../backups/velero-name.rules.js';
import { HubNotFoundError } from '../hubs/hubs.errors.js';
import { PlanNotFoundError } from '../recovery/plans/plans.errors.js';
import { deepCheckCountsForMs } from '../probes/deep-check.rules.js';
import { provenForMs } from '../probes/probe-times.rules.js';
import { restoresInTheWay, syncedCredentialsBackup } from '../recovery/restores/restores-on-hub.rules.js';
import type { Basis, Moment } from './cluster-verdict.rules.js';
import type { Reservation } from './hub-pair.rules.js';
import { basisOfPlan, type HubFacts } from './plan-verdict.rules.js';
import { HubWorldsRepository, type SetRow } from './hub-worlds.repository.js';
import { NO_SETS, ReadinessRepository, wholeSet, type KnownOfTarget, type PlanRow, type RestoredSets } from './readiness.repository.js';
import type { BackupSetSummary } from './readiness.types.js';
import { newestOfManagedClusters } from './usable-set.rules.js';

const DAY_MS = 86_400_000;

/** What is known of a plan's two hubs and the source's backup sets, beside the clusters. */
export interface PlanWorld {
  readonly plan: PlanRow;
  readonly source: HubFacts;
  readonly target: HubFacts;
  /** Newest first */
  readonly sets: readonly SetRow[];
  readonly reservations: readonly Reservation[];
}

/** Reads what a question about a plan rests on. */
@Injectable()
export class PlanWorlds {
  constructor(
    private readonly repository: ReadinessRepository,
    private readonly hubs: HubWorldsRepository,
  ) {}

  /** Reads for many questions at once. */
  joined(): PlanWorlds {
    return new PlanWorlds(this.repository.joined(), this.hubs.joined());
  }

  /** @throws PlanNotFoundError */
  async plan(planId: string): Promise<PlanRow> {
    const plan = await this.repository.plan(planId);
    if (plan === null) throw new PlanNotFoundError(planId);
    return plan;
  }

  /** @param targetHubId another hub in the target's place. @throws HubNotFoundError */
  async of(plan: PlanRow, targetHubId = plan.targetHubId): Promise<PlanWorld> {
    const { sourceHubId } = plan;
    const [hubs, sets, reservations] = await Promise.all([this.hubs.hubs([sourceHubId, targetHubId], sourceHubId), this.hubs.sets([sourceHubId]), this.hubs.reservations(targetHubId, plan.id)]);
    const [source, target] = [hubs.get(sourceHubId), hubs.get(targetHubId)];
    if (source === undefined) throw new HubNotFoundError(sourceHubId);
    if (target === undefined) throw new HubNotFoundError(targetHubId);
    return { plan, source, target, sets: sets(sourceHubId), reservations };
  }

  /** The moment of a restore on the plan's own target, with what is known of its ways to the clusters. */
  async moment(plan: PlanRow, now: Date): Promise<Moment> {
    return momentWith(plan, now, await this.repository.paths(plan.id));
  }
}

export const momentWith = (plan: PlanRow, now: Date, known: KnownOfTarget): Moment => ({
  ...momentOf(plan, now),
  paths: {
    mustBeProven: plan.reachability === 'PROBED', provenForMs: provenForMs(plan.probeIntervalSeconds), ...known,
    ...(plan.deepCheck ? { deepCheckCountsForMs } : {}),
  },
});

/**
 * The set that a failover would restore now. A standing Restore on the target has brought its credentials already, maybe those of another set,
 * and its activation takes the newest backup of managed clusters, whatever set that belongs to.
 */
export function restorable(world: PlanWorld, now: Date): { basis: Basis; set: SetRow | null; restored: RestoredSets } {
  const { basis, set } = basisOfPlan(world.source, world.target, world.sets, now);
  if (basis.kind !== 'SET' || set === null) return { basis, set, restored: NO_SETS };
  const { activate } = restoresInTheWay(world.target.restores);
  if (activate === null) return { basis, set, restored: wholeSet(set.id) };
  const synced = syncedCredentialsBackup(activate);
  const tokens = world.sets.find((one) => one.credentialsBackup === synced) ?? set;
  const clusters = newestOfManagedClusters(world.sets, world.target.shown) ?? set;
  return { basis: basisOfParts(tokens, clusters), set, restored: { tokens: tokens.id, clusters: clusters.id } };
}

/** What a restore rests on that takes the credentials of one set and the managed clusters of another. */
export const basisOfParts = (tokens: Pick<SetRow, 'credentialsBackup' | 'startedAt'>, clusters: Pick<SetRow, 'managedClustersStartedAt'>): Basis => ({
  kind: 'SET', set: { credentialsBackup: tokens.credentialsBackup, startedAt: tokens.startedAt, managedClustersStartedAt: clusters.managedClustersStartedAt },
});

/** A token must outlast what the plan may lose and take. */
export const momentOf = (plan: PlanRow, now: Date): Moment => ({ now, horizonMs: Math.max(DAY_MS, (plan.rpoSeconds + plan.rtoSeconds) * 1000) });

/** What Velero writes as `velero.io/backup-name` on objects restored from these sets' managed clusters. */
export const backupLabels = (sets: readonly SetRow[]): Set<string> =>
  new Set(sets.flatMap((set) => (set.managedClustersBackup === null ? [] : [veleroLabelValue(set.managedClustersBackup)])));

export const ageSeconds = (at: Date | null, now: Date): number | null => (at === null ? null : Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000)));

export const summaryOf = (set: SetRow): BackupSetSummary => ({
  id: set.id, credentialsBackup: set.credentialsBackup, resourcesBackup: set.resourcesBackup, genericBackup: set.genericBackup, managedClustersBackup: set.managedClustersBackup,
  startedAt: set.startedAt, expiresAt: set.expiresAt,
});
