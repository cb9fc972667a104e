import { Injectable } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import { parseCron } from '../backups/cron.rules.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import { onlyPage, type ListRequest, type Page } from '../common/paging.js';
import { inParallel } from '../common/in-parallel.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { BackupScheduleFacts } from '../fleet/facts.types.js';
import { Jobs } from '../jobs/jobs.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import { HubConnections } from './hub-connections.service.js';
import { HubsService, requireReason } from './hubs.service.js';
import { ProtectionObjects } from './protection-objects.service.js';
import { RemovalConfirmationRequiredError, RemovalInProgressError, RemovalListChangedError, RemovalNotFoundError, RemovalRightsMissingError } from './protection-removal.errors.js';
import { ProtectionRemovalRepository, type ItemResult } from './protection-removal.repository.js';
import { clustersLosingTokens, listHash, removalList, type SeenObject } from './protection-removal.rules.js';
import type { ProtectionRemoval, RemovalConsequences, RemovalItem, RemovalItemFilter, RemovalPlan, RemovalTarget, RemovalWarning } from './protection-removal.types.js';
import { removeProtection } from './remove-protection.job.js';

/** Objects in one claim; each is marked as tried before it is. */
const BATCH = 100;
const PLACES = 16;
/** A hub that does not answer is tried again after so long. Milliseconds. */
const AWAY_MS = 5_000;
/** The hub's garbage collector takes a moment. Milliseconds. */
const FOLLOW_LOOK_MS = 1_000;
const FOLLOW_MS = 120_000;

/** What a caller asks with. */
export interface AskRemoval {
  /** Only tells what would be removed */
  readonly dryRun: boolean;
  /** The hash of the list that was looked at */
  readonly confirm?: string;
}

/**
 * Takes off a hub exactly what PROTECT has made there.
 *
 *   dryRun ─▶ list by managedFields, hash ─▶ a person looks ─▶ confirm = hash
 *                                                              │ the list is made anew; another hash: refused
 *                                                              ▼
 *   policy OBSERVE and the list in our tables, in one step ─▶ job: each object by uid and resourceVersion, outcome written down ─▶ a last look
 *
 * A worker may die after any line: an object without an outcome is tried again, and a second delete of a uid does nothing.
 */
@Injectable()
export class ProtectionRemovals {
  constructor(
    private readonly repository: ProtectionRemovalRepository,
    private readonly objects: ProtectionObjects,
    private readonly hubs: HubsService,
    private readonly connections: HubConnections,
    private readonly jobs: Jobs,
    private readonly audit: AuditService,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the list, and the removal that was begun; null for a dry run
   * @throws HubNotFoundError, ReasonRequiredError, RemovalConfirmationRequiredError, RemovalListChangedError, RemovalRightsMissingError, RemovalInProgressError, KubeError
   */
  async remove(hubId: string, { dryRun, confirm }: AskRemoval, by: Acting): Promise<{ readonly plan: RemovalPlan; readonly removal: ProtectionRemoval | null }> {
    if (!dryRun) requireReason('Removing the protection of a hub', by);
    await this.hubs.get(hubId);
    if (!dryRun && confirm === undefined) throw new RemovalConfirmationRequiredError(hubId);
    // One that runs changes the list, which would be told as the reason.
    if (!dryRun && (await this.repository.open(hubId)).length > 0) throw new RemovalInProgressError(hubId);
    const client = await this.connections.clientFor(hubId);
    const seen = await this.objects.read(client);
    const { targets, kept } = removalList(seen);
    const found = listHash(hubId, targets);
    const missing = await this.objects.missingRights(client, targets);
    if (!dryRun && confirm !== undefined && confirm !== found) throw new RemovalListChangedError(hubId, confirm, found);
    if (!dryRun && missing.length > 0) throw new RemovalRightsMissingError(hubId, missing);
    const schedules = await this.repository.schedules(hubId);
    const consequences = await this.consequences(hubId, seen, targets, schedules);
    const plan = { hubId, confirm: found, targets, kept, consequences, warnings: warningsOf(consequences, schedules, missing) };
    return { plan, removal: dryRun ? null : await this.begin(plan, by) };
  }

  /** @throws RemovalNotFoundError */
  async get(removalId: string): Promise<ProtectionRemoval> {
    const removal = await this.repository.find(removalId);
    if (removal === null) throw new RemovalNotFoundError(removalId);
    return removal;
  }

  /** Newest first. */
  list(filter: { readonly hubId?: string }, request: ListRequest): Promise<Page<ProtectionRemoval>> {
    return this.repository.list(filter, request);
  }

  /** In the order of the work. @throws RemovalNotFoundError */
  async items(removalId: string, filter: RemovalItemFilter, request: ListRequest): Promise<Page<RemovalItem>> {
    await this.get(removalId);
    return onlyPage(await this.itemsOfMany([removalId], filter, request));
  }

  /** Of each removal, which there are, in the order of the ids; an error where the cursor is not of its list. */
  itemsOfMany(removalIds: readonly string[], filter: RemovalItemFilter, request: ListRequest): Promise<(Page<RemovalItem> | Error)[]> {
    return this.repository.itemsOf(removalIds, filter, request);
  }

  /** For the sweep: removals that have not ended. */
  open(): Promise<string[]> {
    return this.repository.open();
  }

  /** Goes on with a removal, from wherever it stands. @returns when to look again */
  async carryOut(removalId: string, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    const removal = await this.repository.find(removalId);
    if (removal === null || removal.status !== 'RUNNING') return undefined;
    try {
      const client = await this.connections.clientFor(removal.hubId);
      const again = (await this.takeAway(removalId, client, signal)) ?? (await this.follow(removalId, client));
      await this.repository.waits(removalId, null);
      if (signal.aborted || again !== undefined) return again;
      const remaining = removalList(await this.objects.read(client)).targets.length;
      if (await this.repository.finish(removalId, remaining, this.clock.now())) await this.changes.publish({ hubId: removal.hubId, topic: 'HUB' });
      return undefined;
    } catch (error) {
      if (!isKubeError(error)) throw error;
      await this.repository.waits(removalId, error.code);
      return { againInMs: Math.max(AWAY_MS, error.retryAfterMs ?? 0) };
    }
  }

  private async begin(plan: RemovalPlan, by: Acting): Promise<ProtectionRemoval> {
    const removalId = await this.repository.begin(plan, by, this.clock.now());
    const { hubId, confirm, targets } = plan;
    await this.audit.record({ action: 'hub.removeProtection', subject: `hub/${hubId}`, by, details: { removalId, confirm, objects: targets.length } });
    await this.changes.publish({ hubId, topic: 'HUB' });
    await this.jobs.enqueue(removeProtection, { removalId });
    return this.get(removalId);
  }

  private async takeAway(removalId: string, client: HubClient, signal: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    for (;;) {
      if (signal.aborted) return { againInMs: 1 };
      const batch = await this.repository.claim(removalId, ['DELETE', 'UNLABEL'], BATCH, this.clock.now());
      if (batch.length === 0) return undefined;
      const results: ItemResult[] = [];
      try {
        await inParallel(batch, PLACES, async (item) => {
          if (!signal.aborted) results.push({ position: item.position, ...(await this.objects.remove(client, item)) });
        });
      } finally {
        await this.repository.record(removalId, results, this.clock.now());
      }
    }
  }

  /** Secrets that go with their accounts. @returns when to look again; undefined: all are settled */
  private async follow(removalId: string, client: HubClient): Promise<{ readonly againInMs: number } | undefined> {
    const accounts = await this.repository.accountOutcomes(removalId);
    const now = this.clock.now();
    let waiting = false;
    for (;;) {
      const batch = await this.repository.claim(removalId, ['FOLLOWS'], BATCH, now);
      if (batch.length === 0) return undefined;
      const results: ItemResult[] = [];
      await inParallel(batch, PLACES, async (item) => {
        const account = accounts.get(`${item.namespace}/${item.name}`);
        if (await this.objects.hasFollowed(client, item)) results.push({ position: item.position, outcome: 'FOLLOWED', detail: null });
        else if (account === undefined || account.outcome === 'KEPT' || account.outcome === 'REFUSED') results.push({ position: item.position, outcome: 'KEPT', detail: 'Its account stays' });
        else if (account.at === null || now.getTime() - account.at.getTime() > FOLLOW_MS) results.push({ position: item.position, outcome: 'KEPT', detail: 'Its account is gone, and the hub has not collected it' });
        else waiting = true;
      });
      await this.repository.record(removalId, results, this.clock.now());
      if (waiting) return { againInMs: FOLLOW_LOOK_MS };
    }
  }

  private async consequences(hubId: string, seen: readonly SeenObject[], targets: readonly RemovalTarget[], schedules: readonly BackupScheduleFacts[]): Promise<RemovalConsequences> {
    const now = this.clock.now();
    const losing = clustersLosingTokens(seen, targets);
    const last = await this.repository.lastSet(hubId, now);
    const dropping = losing.filter((cluster) => last?.until.has(cluster));
    const ends = dropping.map((cluster) => last?.until.get(cluster) ?? null);
    const lastEnd = ends.includes(null) || ends.length === 0 ? null : new Date(Math.max(...ends.map((end) => end?.getTime() ?? 0)));
    return {
      clustersLosingTokens: losing.length, recoverableNow: last?.until.size ?? 0, clustersDroppingOut: dropping.length, dropOutFrom: nextSetAt(schedules, now), lastSet: last?.set ?? null,
      lastRestorableAt: lastEnd,
    };
  }
}

function nextSetAt(schedules: readonly BackupScheduleFacts[], now: Date): Date | null {
  const running = schedules.find(({ paused, deleting, phase }) => !paused && !deleting && phase === 'Enabled');
  return running?.cron === undefined || running.cron === null ? null : (parseCron(running.cron)?.next(now) ?? null);
}

function warningsOf(told: RemovalConsequences, schedules: readonly BackupScheduleFacts[], missing: readonly string[]): RemovalWarning[] {
  const warnings: RemovalWarning[] = [];
  if (told.clustersLosingTokens > 0) {
    const last = told.lastSet === null ? 'no set holds them' : `the set of ${told.lastSet.credentialsBackup} is the last that holds them`;
    const from = told.dropOutFrom === null ? 'No schedule runs' : `From the set of ${told.dropOutFrom.toISOString()} on they are not in the backup`;
    warnings.push({
      code: 'REMOVAL_CLUSTERS_DROP_OUT',
      cause: `${told.clustersLosingTokens} clusters keep no token in the backup selection; ${told.clustersDroppingOut} of the ${told.recoverableNow} that could be restored now drop out. ${from}; ${last}`,
      remedy: 'Let the policy be OBSERVE without removing anything, if the fleet shall be restorable for as long as its tokens last.',
    });
  }
  if (schedules.some(({ useManagedServiceAccount, paused, deleting }) => useManagedServiceAccount && !paused && !deleting)) {
    warnings.push({
      code: 'REMOVAL_OPERATOR_REMAKES',
      cause: 'A BackupSchedule has useManagedServiceAccount on: the hub\u2019s own backup operator makes the objects anew within five minutes',
      remedy: 'That may be what you want: the operator takes over. Otherwise set useManagedServiceAccount to false; it then deletes all of them, whoever made them.',
    });
  }
  if (missing.length > 0) {
    warnings.push({ code: 'REMOVAL_RIGHTS_MISSING', cause: `The account may not ${missing.join(', ')}`, remedy: 'Apply deploy/hub-rbac-remove.yaml on the hub, remove, and take it away again.' });
  }
  return warnings;
}
