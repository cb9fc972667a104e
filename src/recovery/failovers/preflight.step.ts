import { Injectable } from '@nestjs/common';
import { labels } from '../../common/rhacm-names.js';
import { veleroLabelValue } from '../../backups/velero-name.rules.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import type { HubClient } from '../../kube/hub-client.js';
import { collidingClusters, type KnownCluster } from '../../readiness/plan-verdict.rules.js';
import { ReadinessService } from '../../readiness/readiness.service.js';
import { newestRestorable, newestUsable } from '../../readiness/usable-set.rules.js';
import { HubViewService, type BackupOnHub, type ClusterOnHub, type ScheduleOnHub } from '../hub-view.service.js';
import { latestBackup } from '../restores/latest-backup.rules.js';
import { isScheduleActive, restoresInTheWay, syncedCredentialsBackup, type RestoreOnHub } from '../restores/restores-on-hub.rules.js';
import { contentHash, namesHash } from './content-hash.rules.js';
import type { Intention, MachineFailover, NewImport, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import { FailoversRepository } from './failovers.repository.js';
import type { FailoverProblem, PinnedContent } from './failovers.types.js';
import { restoreNameOf } from './operation-mark.rules.js';
import { isPassing, problem, toldAs } from './step-help.js';

/** How long a target that does not answer is asked again before the failover is given up. */
const PATIENCE_MS = 60_000;
const ASK_AGAIN_MS = 3_000;
const NAMES_TOLD = 20;

interface TargetNow {
  readonly restores: readonly RestoreOnHub[];
  readonly schedules: readonly ScheduleOnHub[];
  readonly clusters: readonly ClusterOnHub[];
  readonly backups: readonly BackupOnHub[];
}

type SetOfSource = Awaited<ReturnType<FailoversRepository['sets']>>[number];

/** Looks whether the failover can run, fixes what it will do, and foretells what becomes of each cluster. Writes to no hub. */
@Injectable()
export class PreflightStep implements Step {
  readonly name = 'PREFLIGHT';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly readiness: ReadinessService,
    private readonly repository: FailoversRepository,
  ) {}

  intend(): Promise<Intention> {
    return Promise.resolve({ kind: 'INTENT', intent: { action: 'check' } });
  }

  async act(run: StepRun): Promise<StepAnswer> {
    const { failover } = run;
    if (failover.plan.archivedAt !== null) return fail(run, problem('PLAN_ARCHIVED', 'The plan has been archived'));
    if (failover.target.fencing === 'RETURNED_UNFENCED') return fail(run, problem('TARGET_UNFENCED', `Hub ${failover.target.name} has come back after a failover and is not fenced`));
    if (failover.source.clusterId === null) return fail(run, problem('NO_BACKUP_SET', `The cluster id of hub ${failover.source.name} is not known, so its backups cannot be told from others`));
    const sourceAnswers = this.sourceAnswers(run);
    let now: TargetNow;
    try {
      now = await this.lookAtTarget(await this.connections.clientFor(failover.targetHubId), run.signal);
    } catch (error) {
      return this.targetSilent(run, error);
    }
    return this.judge(run, failover.source.clusterId, now, await sourceAnswers);
  }

  private async lookAtTarget(client: HubClient, signal: AbortSignal): Promise<TargetNow> {
    const [restores, schedules, clusters, backups] = await Promise.all([
      this.view.restores(client, signal), this.view.schedules(client, signal), this.view.clusters(client, signal), this.view.backups(client, signal),
    ]);
    return { restores, schedules, clusters, backups };
  }

  private async sourceAnswers(run: StepRun): Promise<boolean> {
    try {
      return await this.view.answers(await this.connections.clientFor(run.failover.sourceHubId), run.signal);
    } catch {
      return false; // its credentials cannot even be opened: for us it does not answer
    }
  }

  private targetSilent(run: StepRun, error: unknown): StepAnswer {
    const told = toldAs(error);
    if (told === null) throw error;
    const since = run.failover.steps.get('PREFLIGHT')?.intentAt ?? run.now();
    const waitedMs = run.now().getTime() - since.getTime();
    if (isPassing(error) && waitedMs < PATIENCE_MS) return { kind: 'WAIT', lookAgainMs: ASK_AGAIN_MS };
    return fail(run, problem('TARGET_UNREACHABLE', `Hub ${run.failover.target.name}: ${told}`));
  }

  private async judge(run: StepRun, sourceClusterId: string, now: TargetNow, sourceAnswers: boolean): Promise<StepAnswer> {
    const { failover } = run;
    const active = now.schedules.filter(isScheduleActive).map((schedule) => schedule.name);
    if (active.length > 0) return fail(run, problem('TARGET_SCHEDULE_ACTIVE', `Hub ${failover.target.name} has an active BackupSchedule: ${active.sort().join(', ')}`));
    const { activate, inTheWay } = restoresInTheWay(now.restores);
    if (inTheWay.length > 0) {
      const names = inTheWay.map((restore) => `${restore.name} (${restore.phase ?? 'no phase'})`).sort();
      return fail(run, problem('TARGET_RESTORE_IN_THE_WAY', `Hub ${failover.target.name} has a Restore that has not ended: ${names.join(', ')}`));
    }
    const sets = await this.repository.sets(sourceClusterId);
    const shown = new Map(now.backups.filter((backup) => backup.ownerClusterId === sourceClusterId).map((backup) => [backup.name, backup.phase]));
    const set = newestUsable(sets, shown, run.now());
    if (set === null) return fail(run, noSet(failover, sets, run.now()));
    const known = await this.repository.knownClusters(failover.sourceHubId);
    const colliding = collidingClusters(known.map(toKnown), now.clusters.map(onTarget), labelsOfBackups(sets));
    if (colliding.length > 0) return fail(run, collision(failover, colliding));
    const synced = activate === null ? null : syncedCredentialsBackup(activate);
    const tokens = sets.find((one) => one.credentialsBackup === synced) ?? set;
    // An activation takes the newest backup of managed clusters, though the set that it belongs to is not whole.
    const own = now.backups.filter((backup) => backup.ownerClusterId === sourceClusterId);
    const managedClusters = (activate === null ? null : latestBackup('managedClusters', own)?.name) ?? set.managedClustersBackup ?? '';
    const clusters = sets.find((one) => one.managedClustersBackup === managedClusters) ?? set;
    return this.pin(run, sourceClusterId, set, activate?.name ?? null, managedClusters, { tokens: tokens.id, clusters: clusters.id }, now, sourceAnswers);
  }

  private async pin(
    run: StepRun, sourceClusterId: string, set: SetOfSource, standing: string | null, managedClusters: string, restored: Parameters<ReadinessService['predict']>[1], now: TargetNow, sourceAnswers: boolean,
  ): Promise<StepAnswer> {
    const { failover } = run;
    const predictions = (await this.readiness.predict(failover.planId, restored)).filter((one) => one.origin !== 'LOCAL');
    const pinned: PinnedContent = {
      planVersion: failover.plan.version,
      source: { hubId: failover.sourceHubId, name: failover.source.name, clusterId: sourceClusterId },
      target: { hubId: failover.targetHubId, name: failover.target.name, clusterId: failover.target.clusterId },
      setId: set.id,
      backups: { credentials: set.credentialsBackup, resources: set.resourcesBackup ?? '', managedClusters, generic: set.genericBackup },
      restoreName: standing ?? restoreNameOf(failover.id),
      mode: standing === null ? 'CREATED' : 'ACTIVATED',
      clustersHash: namesHash(predictions.map((one) => one.cluster)),
      clusters: predictions.length,
      sourceAnswers,
    };
    const there = new Set(now.clusters.map((cluster) => cluster.name));
    const imports = predictions.map((one): NewImport => ({ cluster: one.cluster, origin: one.origin, predictedVerdict: one.verdict, predictedCode: one.code, knownBefore: there.has(one.cluster) }));
    const comeBack = predictions.filter((one) => one.verdict === 'READY' || one.verdict === 'AT_RISK').length;
    const isMixed = managedClusters !== set.managedClustersBackup;
    const notes = [{
      type: 'preflight.passed',
      summary: `Checks passed: ${pinned.backups.credentials} and its set shall be restored on ${pinned.target.name}; ${comeBack} of ${predictions.length} clusters are predicted to come back`,
      data: { ...pinned, predicted: comeBack },
    }, ...(isMixed ? [{ type: 'finding.recorded', summary: `Restore ${standing} will take the newest backup of managed clusters, ${managedClusters}, which belongs to no complete set`, data: { backup: managedClusters, set: set.id } }] : []), ...(sourceAnswers ? [{ type: 'finding.recorded', summary: `Hub ${pinned.source.name} still answers: it must be fenced before anything is restored`, data: { code: 'SOURCE_STILL_ANSWERS', hubId: pinned.source.hubId } }] : [])];
    return {
      kind: 'NEXT', to: 'PENDING_APPROVAL', result: 'DONE', outcome: { setId: set.id, clusters: predictions.length, predictedBack: comeBack, sourceAnswers },
      write: { set: { pinned, contentHash: contentHash(pinned, failover.planId), setId: set.id, problem: null }, predictions: imports, notes },
    };
  }
}

const fail = (run: StepRun, why: FailoverProblem): StepAnswer => ({
  kind: 'NEXT', to: run.failover.steps.get('FENCING')?.intent ? 'UNDOING' : 'FAILED', result: 'FAILED', outcome: { ...why }, write: { set: { problem: why }, notes: [{ type: 'preflight.failed', summary: `Checks failed, nothing was restored: ${why.message}`, data: { ...why } }] },
});

function noSet(failover: MachineFailover, sets: readonly SetOfSource[], now: Date): FailoverProblem {
  const missing = newestRestorable(sets, now);
  if (missing === null) return problem('NO_BACKUP_SET', `Hub ${failover.source.name} has no complete backup set that has not expired`);
  return problem('BACKUP_NOT_ON_TARGET', `Hub ${failover.target.name} does not show the backup set of ${missing.credentialsBackup}, nor an older one that is usable`);
}

function collision(failover: MachineFailover, colliding: readonly string[]): FailoverProblem {
  const rest = colliding.length - NAMES_TOLD;
  const names = colliding.slice(0, NAMES_TOLD).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  return problem('CLUSTER_NAME_COLLISION', `Hub ${failover.target.name} manages other clusters of the same name: ${names}`);
}

const labelsOfBackups = (sets: readonly SetOfSource[]): Set<string> =>
  new Set(sets.flatMap((set) => (set.managedClustersBackup === null ? [] : [veleroLabelValue(set.managedClustersBackup)])));

const toKnown = (row: { name: string; openshiftId: string | null; origin: string }): KnownCluster => ({
  name: row.name, openshiftId: row.openshiftId, isLocal: row.origin === 'LOCAL', excludedFromBackup: false, restoredFromBackup: null,
});

const onTarget = (cluster: ClusterOnHub): KnownCluster => ({
  name: cluster.name, openshiftId: cluster.labels[labels.clusterId] ?? null, isLocal: cluster.labels[labels.localCluster] === 'true', excludedFromBackup: false,
  restoredFromBackup: cluster.labels[labels.veleroBackupName] ?? null,
});
