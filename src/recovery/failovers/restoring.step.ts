import { Injectable } from '@nestjs/common';
import { isUsable } from '../../backups/backup-set.rules.js';
import { cleanupBeforeRestore, namespaces, restoreBackupNames } from '../../common/rhacm-names.js';
import { at, listAt, textAt } from '../../common/untrusted.js';
import { Config } from '../../config/config.js';
import { acmRestoreFacts } from '../../fleet/facts.rules.js';
import { HubConnections } from '../../hubs/hub-connections.service.js';
import type { HubClient } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { HubViewService, type BackupOnHub } from '../hub-view.service.js';
import { latestBackup } from '../restores/latest-backup.rules.js';
import { judgeRestore, veleroRestoreName } from '../restores/restore-progress.rules.js';
import type { RestoreOutcome, VeleroRestoreFacts } from '../restores/restores.types.js';
import { isScheduleActive, restoresInTheWay } from '../restores/restores-on-hub.rules.js';
import type { Intention, Note, RestoreWrite, Step, StepAnswer, StepRun } from './failover-machine.types.js';
import type { FailoverProblem, PinnedContent, StepFacts } from './failovers.types.js';
import { marks, OPERATION, operationOf } from './operation-mark.rules.js';
import { isPassing, problem, toldAs } from './step-help.js';

const ASK_AGAIN_MS = 3_000;
const MAX_MESSAGES = 5_000;
const apiVersion = 'cluster.open-cluster-management.io/v1beta1';

/** What the intent holds: enough to look first, whoever comes back to it. */
interface RestoreIntent {
  readonly action: 'create' | 'activate';
  readonly name: string;
  readonly spec: Readonly<Record<string, string | boolean>>;
  /** Velero Restores that were there before an activation */
  readonly before: readonly string[];
}

/**
 * Restores the pinned set on the target, once.
 *
 *   re-check ──▶ intent ──▶ look ──┬─ nothing there ──▶ POST with a fixed name ──409──▶ look
 *                                  ├─ ours ──────────▶ adopt
 *                                  └─ another's ─────▶ stop
 *   then follow each Velero Restore until all have ended; the phase alone is never trusted.
 */
@Injectable()
export class RestoringStep implements Step {
  readonly name = 'RESTORING';

  constructor(
    private readonly connections: HubConnections,
    private readonly view: HubViewService,
    private readonly config: Config,
  ) {}

  /** Everything that was pinned is looked at again, at the last moment before it counts. */
  async intend(run: StepRun): Promise<Intention> {
    const { failover } = run;
    const { pinned } = failover;
    if (pinned === null || pinned.planVersion !== failover.plan.version || failover.plan.archivedAt !== null) return changed('the plan has changed');
    const client = await this.connections.clientFor(failover.targetHubId);
    const [restores, schedules, backups] = await Promise.all([this.view.restores(client, run.signal), this.view.schedules(client, run.signal), this.view.backups(client, run.signal)]);
    const active = schedules.find(isScheduleActive);
    if (active !== undefined) return undo(problem('TARGET_SCHEDULE_ACTIVE', `BackupSchedule ${active.name} became active on hub ${failover.target.name}`));
    const { activate, activateNow, inTheWay } = restoresInTheWay(restores, pinned.mode === 'CREATED' ? pinned.restoreName : null);
    if (inTheWay.length > 0) return undo(problem('TARGET_RESTORE_IN_THE_WAY', `Restore ${inTheWay[0]?.name} appeared on hub ${failover.target.name}`));
    if ((activate?.name ?? null) !== (pinned.mode === 'ACTIVATED' ? pinned.restoreName : null)) return changed('another Restore stands on the target');
    const gone = backupProblem(pinned, backups);
    if (gone !== null) return undo(gone);
    if (pinned.mode === 'CREATED') return { kind: 'INTENT', intent: { ...createIntent(pinned) } };
    const mixed = newestProblem(pinned, backups);
    if (mixed !== null) return mixed;
    if (!activateNow) return { kind: 'WAIT', lookAgainMs: ASK_AGAIN_MS };
    const before = (await this.view.veleroRestores(client, pinned.restoreName, run.signal)).map((one) => one.name);
    return { kind: 'INTENT', intent: { ...activateIntent(pinned, before) } };
  }

  async act(run: StepRun, facts: StepFacts): Promise<StepAnswer> {
    const intent = facts as unknown as RestoreIntent;
    const client = await this.connections.clientFor(run.failover.targetHubId);
    const found = await client.find(resources.restore, { name: intent.name, namespace: namespaces.backup }, { signal: run.signal });
    const isOurs = found !== null && at(found.metadata.annotations, OPERATION) === operationOf(run.failover.id, this.name);
    if (found !== null && isOurs) return this.follow(run, client, intent, found);
    if (run.failover.restore !== null) return deleted(run, intent);
    run.assertHeld();
    const making = intent.action === 'create' ? this.create(run, client, intent, found) : this.activate(run, client, intent, found);
    const made = await making.catch((error: unknown) => refused(run, error));
    if (!('metadata' in made)) return made;
    run.effectMade();
    return this.follow(run, client, intent, made);
  }

  /** POST, never apply: apply would make anew what a person has deleted. */
  private async create(run: StepRun, client: HubClient, intent: RestoreIntent, found: KubeObject | null): Promise<KubeObject | StepAnswer> {
    if (found !== null) return undo(problem('RESTORE_NAME_TAKEN', `A Restore ${intent.name} that is not ours is on hub ${run.failover.target.name}`));
    const metadata = { name: intent.name, namespace: namespaces.backup, annotations: marks(run.failover, this.name) };
    try {
      return await client.create(resources.restore, { apiVersion, kind: 'Restore', metadata, spec: intent.spec }, { signal: run.signal });
    } catch (error) {
      // Someone was quicker: an earlier try of ours whose answer was lost, or another's. The next pass looks.
      if (isKubeError(error, 'KUBE_ALREADY_EXISTS')) return { kind: 'WAIT', lookAgainMs: 0 };
      throw error;
    }
  }

  private async activate(run: StepRun, client: HubClient, intent: RestoreIntent, found: KubeObject | null): Promise<KubeObject | StepAnswer> {
    if (found === null) return undo(problem('RESTORE_DELETED', `The standing Restore ${intent.name} is gone from hub ${run.failover.target.name}`));
    const metadata = { resourceVersion: found.metadata.resourceVersion, annotations: marks(run.failover, this.name) };
    const spec = { veleroManagedClustersBackupName: restoreBackupNames.latest };
    try {
      return await client.patch(resources.restore, { name: intent.name, namespace: namespaces.backup }, { metadata, spec }, { patchType: 'merge', signal: run.signal });
    } catch (error) {
      if (isKubeError(error, 'KUBE_CONFLICT')) return { kind: 'WAIT', lookAgainMs: 0 };
      throw error;
    }
  }

  private async follow(run: StepRun, client: HubClient, intent: RestoreIntent, object: KubeObject): Promise<StepAnswer> {
    const { failover } = run;
    const facts = acmRestoreFacts(object);
    const velero = (await this.view.veleroRestores(client, intent.name, run.signal)).filter((one) => !intent.before.includes(one.name));
    const now = run.now();
    const known = failover.restore;
    const record: RestoreWrite = {
      hubId: failover.targetHubId, name: intent.name, uid: object.metadata.uid ?? null, mode: intent.action === 'create' ? 'CREATED' : 'ACTIVATED', spec: intent.spec,
      phase: facts.phase, lastMessage: facts.lastMessage, messages: messagesOf(object), veleroRestores: velero, actor: failover.requestedBy, reason: failover.reason,
      requestedAt: known?.requestedAt ?? now, startedAt: known?.startedAt ?? now, completedAt: null, outcome: null,
    };
    const shape = shapeOf(record);
    const seen = failover.steps.get(this.name)?.outcome as { shape?: string; unchangedSince?: string } | null;
    const unchangedSince = seen?.shape === shape && seen.unchangedSince !== undefined ? new Date(seen.unchangedSince) : now;
    const judgement = judgeRestore(
      { phase: facts.phase, lastMessage: facts.lastMessage, velero, managedClustersRestore: managedClustersRestoreOf(failover.pinned, intent, facts.managedClustersRestore), unchangedSince }, now);
    const notes = progressNotes(known, record);
    const outcome = { shape, unchangedSince: unchangedSince.toISOString() };
    switch (judgement.is) {
      case 'RUNNING':
        return { kind: 'WAIT', lookAgainMs: this.config.failoverPollMs, write: { step: { outcome }, restore: record, notes } };
      case 'FAILED': {
        const why = problem('RESTORE_FAILED', `Restore ${intent.name} on hub ${failover.target.name}: ${judgement.why}`);
        return {
          kind: 'NEXT', to: 'FAILED', result: 'FAILED', outcome: { ...why },
          write: { set: { problem: why }, restore: ended(record, 'FAILED', now), notes: [...notes, { type: 'restore.failed', summary: why.message, data: { ...why } }] },
        };
      }
      case 'DONE': {
        const summary = `Restore ${intent.name} is done (${judgement.outcome}${judgement.operatorSilent ? ', though the hub’s operator has not ended it' : ''})`;
        const data = { name: intent.name, outcome: judgement.outcome, operatorSilent: judgement.operatorSilent, veleroRestores: velero.map((one) => one.name) };
        return {
          kind: 'NEXT', to: 'IMPORTING', result: 'DONE', outcome: data,
          write: { restore: ended(record, judgement.outcome, now), notes: [...notes, { type: 'restore.done', summary, data }] },
        };
      }
    }
  }
}

const createIntent = ({ restoreName, backups }: PinnedContent): RestoreIntent => ({
  action: 'create',
  name: restoreName,
  spec: {
    cleanupBeforeRestore: cleanupBeforeRestore.none,
    veleroManagedClustersBackupName: backups.managedClusters,
    veleroResourcesBackupName: backups.resources,
    veleroCredentialsBackupName: backups.credentials,
  },
  before: [],
});

const activateIntent = ({ restoreName }: PinnedContent, before: readonly string[]): RestoreIntent => ({
  action: 'activate', name: restoreName, spec: { veleroManagedClustersBackupName: restoreBackupNames.latest }, before,
});

const changed = (why: string): StepAnswer => ({
  kind: 'NEXT', to: 'PREFLIGHT', lookAgainMs: ASK_AGAIN_MS, result: 'DONE', outcome: { contentChanged: true }, write: { notes: [{ type: 'content.changed', summary: `Checked anew before anything was restored: ${why}` }] },
});

const undo = (why: FailoverProblem): StepAnswer => ({
  kind: 'NEXT', to: 'UNDOING', result: 'FAILED', outcome: { ...why },
  write: { set: { problem: why }, notes: [{ type: 'restore.not_begun', summary: `Nothing was restored: ${why.message}`, data: { ...why } }] },
});

/** The pinned backups are all there, usable, and the source's. */
function backupProblem({ backups, source, target }: PinnedContent, shown: readonly BackupOnHub[]): FailoverProblem | null {
  const byName = new Map(shown.map((backup) => [backup.name, backup]));
  const names = [backups.credentials, backups.resources, backups.managedClusters, ...(backups.generic === null ? [] : [backups.generic])];
  const gone = names.filter((name) => !isUsable({ phase: byName.get(name)?.phase ?? null }));
  if (gone.length > 0) return problem('BACKUP_SET_GONE', `Hub ${target.name} no longer shows ${gone.join(', ')}`);
  const foreign = names.find((name) => byName.get(name)?.ownerClusterId !== source.clusterId);
  return foreign === undefined ? null : problem('BACKUP_OF_ANOTHER_HUB', `Backup ${foreign} was not made by hub ${source.name}`);
}

/** An activation takes `latest` of each type by itself: that must be the source's, and what was approved. */
function newestProblem({ backups, source }: PinnedContent, shown: readonly BackupOnHub[]): StepAnswer | null {
  const latest = [latestBackup('managedClusters', shown), latestBackup('credentials', shown), latestBackup('resources', shown)];
  const foreign = latest.find((backup) => backup !== null && backup.ownerClusterId !== source.clusterId);
  if (foreign) return undo(problem('BACKUP_OF_ANOTHER_HUB', `The newest backup ${foreign.name} was not made by hub ${source.name}`));
  return latest[0]?.name === backups.managedClusters ? null : changed(`the newest backup of managed clusters is ${latest[0]?.name ?? 'gone'}`);
}

function deleted(run: StepRun, intent: RestoreIntent): StepAnswer {
  const why = problem('RESTORE_DELETED', `Restore ${intent.name} was deleted from hub ${run.failover.target.name}, or taken over by somebody else, while it ran`);
  const record = run.failover.restore;
  return {
    kind: 'NEXT', to: 'FAILED', result: 'FAILED', outcome: { ...why },
    write: { set: { problem: why }, ...(record === null ? {} : { restore: ended(record, 'FAILED', run.now()) }), notes: [{ type: 'restore.failed', summary: why.message, data: { ...why } }] },
  };
}

/** What was surely refused has had no effect; of anything else nobody knows, so the next pass looks. */
function refused(run: StepRun, error: unknown): StepAnswer {
  const told = toldAs(error);
  if (told === null || run.signal.aborted) throw error;
  if (isPassing(error)) return { kind: 'WAIT', lookAgainMs: ASK_AGAIN_MS };
  return { kind: 'ATTENTION', forget: true, problem: problem('RESTORE_REFUSED', `Hub ${run.failover.target.name}: ${told}`) };
}

function managedClustersRestoreOf(pinned: PinnedContent | null, intent: RestoreIntent, told: string | null): string | null {
  if (intent.action === 'create') return pinned === null ? null : veleroRestoreName(intent.name, pinned.backups.managedClusters);
  return told !== null && !intent.before.includes(told) ? told : null;
}

const messagesOf = (object: KubeObject): string[] =>
  listAt(object.status, 'messages').slice(0, MAX_MESSAGES).flatMap((_, index) => textAt(object.status, ['messages', index], 500) ?? []);

const ended = (record: RestoreWrite, outcome: RestoreOutcome, now: Date): RestoreWrite => ({ ...record, outcome, completedAt: now });

/** What a look saw, in short: as long as it stays the same, nothing is going on. */
const shapeOf = (record: RestoreWrite): string => [record.phase ?? '-', ...record.veleroRestores.map((one) => `${one.name}=${one.phase ?? '-'}`)].join(' ');

function progressNotes(known: RestoreWrite | null, record: RestoreWrite): Note[] {
  const notes: Note[] = [];
  if (known === null) {
    const what = record.mode === 'CREATED' ? `Restore ${record.name} was created` : `Restore ${record.name} was activated`;
    notes.push({ type: 'restore.begun', summary: what, data: { name: record.name, uid: record.uid, spec: record.spec } });
  }
  if (record.phase !== null && known?.phase !== record.phase) {
    notes.push({ type: 'restore.phase', summary: `Restore ${record.name} is ${record.phase}`, data: { phase: record.phase, lastMessage: record.lastMessage } });
  }
  const before = new Map((known?.veleroRestores ?? []).map((one): [string, VeleroRestoreFacts] => [one.name, one]));
  for (const one of record.veleroRestores) {
    if (one.phase === null || before.get(one.name)?.phase === one.phase) continue;
    notes.push({ type: 'restore.part', summary: `Velero Restore ${one.name} is ${one.phase}`, data: { name: one.name, backup: one.backup, phase: one.phase, errors: one.errors, warnings: one.warnings } });
  }
  return notes;
}
