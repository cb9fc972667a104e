import { Injectable } from '@nestjs/common';
import { accounts } from '../common/rhacm-names.js';
import { Clock } from '../common/clock.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { inferBelief, type WatchRecord } from './backup-belief.rules.js';
import { BackupEvidenceRepository, type BeliefRow } from './backup-evidence.repository.js';
import { BackupFactsRepository, type ClusterLives, type UndecidedSet } from './backup-facts.repository.js';
import { pairSets } from './backup-set.rules.js';
import { taintOf } from './collision.rules.js';
import { projectSchedule } from './schedule-projection.rules.js';
import { veleroLabelValue } from './velero-name.rules.js';

/** A set that is being taken is looked at again by time alone: a member that does not come decides it too. */
const IN_PROGRESS_MS = 30_000;
/** What could not be decided yet: our own watch or inventory was not through. */
const UNDECIDED_MS = 2_000;
/** News of what was there before the start has reached us by then. */
const SETTLING_MS = 3_000;

/**
 * Works out, from what one hub shows: its schedules, its backups, the sets of every hub whose backups it shows, what those sets hold of
 * each token and cluster by what we saw ourselves, what a passive sync has proved, and which records of Velero's are to be read
 * (BackupRecordsReconciler does). Level-triggered: may be repeated, or die after any line.
 */
@Injectable()
export class BackupsReconciler {
  constructor(
    private readonly repository: BackupFactsRepository,
    private readonly evidence: BackupEvidenceRepository,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
  ) {}

  /** @returns when to look again, unless something wakes it earlier */
  async reconcileHub(hubId: string): Promise<{ readonly againInMs: number } | undefined> {
    const concerned = new Set<string>();
    if (await this.schedules(hubId)) concerned.add(hubId);
    const moved = new Set(await this.repository.writeBackups(hubId));
    if (moved.size > 0) concerned.add(hubId);
    let againInMs = Infinity;
    for (const owner of await this.repository.ownersOn(hubId)) {
      const result = await this.owner(owner, moved.size > 0);
      if (result.changed) {
        concerned.add(hubId);
        if (result.ownerHubId !== null) concerned.add(result.ownerHubId);
      }
      againInMs = Math.min(againInMs, result.againInMs);
    }
    for (const verified of await this.verify(hubId)) concerned.add(verified);
    for (const changed of concerned) await this.changes.publish({ hubId: changed, topic: 'BACKUP_SETS' });
    return Number.isFinite(againInMs) ? { againInMs } : undefined;
  }

  private async schedules(hubId: string): Promise<boolean> {
    const { schedules, velero } = await this.repository.scheduleFacts(hubId);
    return this.repository.writeSchedules(hubId, schedules.map(({ name, facts }) => projectSchedule(name, facts, velero)), this.clock.now());
  }

  /** @param mayCollide backups have come or gone, of this hub or of another one beside it */
  private async owner(ownerClusterId: string, mayCollide: boolean): Promise<{ changed: boolean; ownerHubId: string | null; againInMs: number }> {
    const now = this.clock.now();
    const sets = await this.repository.pairing(ownerClusterId, (backups) => pairSets(backups, now), now);
    const ownerHubId = await this.repository.hubOf(ownerClusterId);
    const beliefs = ownerHubId === null ? { changed: false, undecided: false } : await this.beliefs(ownerHubId, ownerClusterId);
    const planned = await this.evidence.planRecords(ownerClusterId, now);
    const tainted = (mayCollide || sets.changed) && (await this.taint(ownerClusterId));
    const againInMs = beliefs.undecided ? UNDECIDED_MS : sets.inProgress ? IN_PROGRESS_MS : Infinity;
    return { changed: sets.changed || beliefs.changed || planned || tainted, ownerHubId, againInMs };
  }

  private async taint(ownerClusterId: string): Promise<boolean> {
    const { backups, takeovers } = await this.evidence.neighbours(ownerClusterId);
    if (backups.length === 0 && takeovers.length === 0) return false;
    let changed = false;
    const sets = await this.evidence.setsOf(ownerClusterId);
    for (const [index, { id, startedAt, tainted }] of sets.entries()) {
      const why = tainted === null ? taintOf({ ownerClusterId, startedAt }, sets[index + 1]?.startedAt ?? null, backups, takeovers) : null;
      if (why === null) continue;
      await this.evidence.taint(id, why);
      changed = true;
    }
    return changed;
  }

  private async beliefs(hubId: string, ownerClusterId: string): Promise<{ changed: boolean; undecided: boolean }> {
    const now = this.clock.now();
    const clusters = await this.evidence.writeClusterBeliefs(hubId, ownerClusterId, new Date(now.getTime() - SETTLING_MS), now);
    const sets = await this.repository.undecided(ownerClusterId, now);
    if (sets.length === 0) return clusters;
    let { changed } = clusters;
    const watch = await this.repository.watchRecord(hubId);
    const ripe = sets.filter(({ startedAt }) => startedAt.getTime() + SETTLING_MS <= now.getTime());
    let undecided = clusters.undecided || ripe.length < sets.length;
    for (const set of ripe) {
      const clusters = await this.repository.livesAround(hubId, set.startedAt, now);
      const rows = clusters.flatMap((cluster) => beliefRows(set, cluster, watch));
      changed = (await this.evidence.writeBeliefs(set.id, rows, now)) || changed;
      undecided ||= rows.some(({ belief }) => belief === 'UNKNOWN');
    }
    return { changed, undecided };
  }

  /** @returns hubs of which more is known now */
  private async verify(hubId: string): Promise<string[]> {
    const labels = new Set(await this.repository.restoredFrom(hubId));
    if (labels.size === 0) return [];
    const verified: string[] = [];
    for (const { id, credentialsBackup, ownerHubId } of await this.repository.setsOfOthers(hubId)) {
      const label = veleroLabelValue(credentialsBackup);
      if (!labels.has(label)) continue;
      if (await this.evidence.writeRestored(hubId, id, credentialsBackup, label, this.clock.now())) verified.push(hubId, ...(ownerHubId === null ? [] : [ownerHubId]));
    }
    return verified;
  }
}

/** Of the first account always, of the pair where there ever was one. */
function beliefRows(set: UndecidedSet, { cluster, isSettled, lives, asked }: ClusterLives, watch: WatchRecord): BeliefRow[] {
  const names = [accounts.autoImport, ...(lives.some(({ account }) => account === accounts.autoImportPair) ? [accounts.autoImportPair] : [])];
  return names.map((account): BeliefRow => {
    if (!isSettled) return { cluster, account, belief: 'UNKNOWN', reason: null, expiresAt: null, refreshedAt: null, expiryDoubt: null, doubtfulFrom: null, evidence: 'The inventory has not seen all that the hub told' };
    return { cluster, account, ...inferBelief(lives.filter((life) => life.account === account), set.startedAt, watch, asked[account] ?? null) };
  });
}
