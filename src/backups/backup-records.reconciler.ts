import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger, Optional } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { namespaces } from '../common/rhacm-names.js';
import { Secret } from '../common/secret.js';
import { textAt } from '../common/untrusted.js';
import { Config } from '../config/config.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import { DownloadError } from '../kube/download.errors.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { downloadGzip } from '../kube/signed-download.js';
import { BackupEvidenceRepository, MAX_ATTEMPTS, type DueRecord, type ShowingHub } from './backup-evidence.repository.js';
import { BackupRecordMalformedError, BackupRecordNotAnsweredError } from './backups.errors.js';
import { ContentCollector, ResourceListScanner, type ListedContent } from './resource-list.rules.js';
import { storageAccess } from './storage-access.rules.js';

/** Real times, which bound calls, in milliseconds. */
export class RecordLimits {
  /** Velero answers in a fraction of a second, and never for a name that it does not know */
  readonly answerMs: number = 15_000;
  readonly downloadMs: number = 30_000;
}

const LOOK_MS = 100;
const REMOVE_MS = 5_000;
const MAX_PACKED_BYTES = 16 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024;
/** A request that is older than this is nobody's any more. */
const LEFTOVER_MS = 5 * 60_000;
/** Velero removes requests after ten minutes itself. */
const LONG_GONE_MS = 86_400_000;

const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'lifeboat' } as const;
const namespace = namespaces.backup;

type Outcome = { readonly hub: ShowingHub; readonly content: ListedContent } | { readonly hub: ShowingHub | null; readonly problem: DomainError };

/**
 * Asks Velero itself what each part of a set holds, on any hub that shows the backup: the one that made it, or another where that one is
 * dead. Only the list of names is asked for, never the content.
 *
 *   due ─▶ claimed ─▶ request noted ─▶ DownloadRequest made ─▶ URL ─▶ list read ─▶ request removed ─▶ READ
 *            ▲                                  └── on any failure the next hub is asked; after the last: ──┐
 *            └──────────────── later, with the problem on the record ◀──────────────────────────────────────┘
 *
 * May die after any line: what was claimed is due again, and the sweep removes the requests that were noted.
 */
@Injectable()
export class BackupRecordsReconciler {
  private readonly logger = new Logger(BackupRecordsReconciler.name);

  constructor(
    private readonly evidence: BackupEvidenceRepository,
    private readonly connections: HubConnections,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
    private readonly config: Config,
    @Optional() private readonly limits: RecordLimits = new RecordLimits(),
  ) {}

  /** @returns when to look again, unless something wakes it earlier */
  async readSet(setId: string, signal?: AbortSignal): Promise<{ readonly againInMs: number } | undefined> {
    let changed = false;
    for (const record of await this.evidence.claimRecords(setId, this.clock.now())) {
      const outcome = await this.ask(setId, record, signal);
      if (signal?.aborted === true) break;
      if ('content' in outcome) changed = (await this.evidence.recordRead(setId, record, outcome.hub, outcome.content, this.clock.now())) || changed;
      else await this.noteFailure(setId, record, outcome.hub, outcome.problem);
    }
    if (changed) for (const hubId of await this.evidence.hubsOfSet(setId)) await this.changes.publish({ hubId, topic: 'BACKUP_SETS' });
    const next = await this.evidence.nextAttemptAt(setId);
    return next === null ? undefined : { againInMs: Math.max(1_000, next.getTime() - this.clock.now().getTime()) };
  }

  /** Requests of ours that a process left behind when it died. */
  async removeLeftovers(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    for (const { name, hubId } of await this.evidence.requestsBefore(new Date(nowMs - LEFTOVER_MS), new Date(nowMs - LONG_GONE_MS))) {
      try {
        await this.remove(await this.connections.clientFor(hubId), name);
      } catch (error) {
        // The hub is away: the next sweep finds the request again.
        this.logger.debug({ hub: hubId, err: error }, 'A DownloadRequest of ours could not be removed yet');
      }
    }
  }

  private async noteFailure(setId: string, record: DueRecord, hub: ShowingHub | null, problem: DomainError): Promise<void> {
    const isFinal = hub === null || record.attempts >= MAX_ATTEMPTS;
    await this.evidence.noteFailure(setId, record.part, hub?.id ?? null, problem.code, problem.message, isFinal);
    this.logger.warn({ set: setId, backup: record.backup, hub: hub?.name, code: problem.code }, 'The record of a backup could not be read; what it holds stays inferred');
  }

  /** One hub after another, until one gives the record. */
  private async ask(setId: string, { part, backup }: DueRecord, signal: AbortSignal | undefined): Promise<Outcome> {
    let last: Outcome = { hub: null, problem: new BackupRecordNotAnsweredError(backup, null) };
    for (const hub of await this.evidence.hubsShowing(setId, backup)) {
      if (signal?.aborted === true) break;
      try {
        return { hub, content: await this.read(hub, part, backup, signal) };
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        // A damaged record says more than a hub that is dead.
        if ('problem' in last && !(last.problem instanceof DownloadError || last.problem instanceof BackupRecordMalformedError)) last = { hub, problem: error };
      }
    }
    return last;
  }

  private async read(hub: ShowingHub, part: DueRecord['part'], backup: string, signal: AbortSignal | undefined): Promise<ListedContent> {
    const client = await this.connections.clientFor(hub.id);
    const access = storageAccess(await locationOf(client, hub.storageLocation, signal));
    const url = await this.signedUrl(client, hub.id, backup, signal);
    const collector = new ContentCollector(part);
    const scanner = new ResourceListScanner(collector.takers);
    await downloadGzip(
      { what: `the record of ${backup}`, url, ...access },
      { allowLoopback: this.config.allowLoopbackHubs, maxPackedBytes: MAX_PACKED_BYTES, maxBytes: MAX_BYTES, deadlineMs: this.limits.downloadMs, ...(signal === undefined ? {} : { signal }) },
      (text) => scanner.push(text),
    );
    scanner.end();
    return collector;
  }

  /** @throws KubeError, BackupRecordNotAnsweredError */
  private async signedUrl(client: HubClient, hubId: string, backup: string, signal: AbortSignal | undefined): Promise<Secret> {
    const name = `lifeboat-${randomUUID()}`;
    await this.evidence.noteRequest(name, hubId, this.clock.now());
    let isSure = true;
    try {
      await client.create(resources.downloadRequest, requestFor(name, backup), callOf(signal));
      return await this.answered(client, name, backup, signal);
    } catch (error) {
      isSure = !isKubeError(error, 'HUB_TIMEOUT', 'HUB_UNREACHABLE');
      throw error;
    } finally {
      // What may still arrive there after this is the sweep's.
      await this.removeNow(client, name, isSure);
    }
  }

  private async answered(client: HubClient, name: string, backup: string, signal: AbortSignal | undefined): Promise<Secret> {
    const endMs = performance.now() + this.limits.answerMs;
    do {
      const request = await client.find(resources.downloadRequest, { name, namespace }, callOf(signal));
      const url = textAt(request?.status, ['downloadURL'], 10_000);
      if (url !== null) return new Secret(url);
      if (request === null) break;
      await pause(LOOK_MS);
    } while (performance.now() < endMs && signal?.aborted !== true);
    throw new BackupRecordNotAnsweredError(backup, this.limits.answerMs);
  }

  private async removeNow(client: HubClient, name: string, isSure: boolean): Promise<void> {
    try {
      await this.remove(client, name, isSure);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      // It stays noted, and the sweep removes it.
      this.logger.debug({ code: error.code }, 'A DownloadRequest of ours is left to the sweep');
    }
  }

  private async remove(client: HubClient, name: string, forget = true): Promise<void> {
    await client.delete(resources.downloadRequest, { name, namespace }, { deadlineMs: REMOVE_MS });
    if (forget) await this.evidence.forgetRequest(name);
  }
}

const callOf = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });

const requestFor = (name: string, backup: string): KubeObject => ({
  apiVersion: 'velero.io/v1',
  kind: 'DownloadRequest',
  metadata: { name, namespace, labels: MANAGED_BY },
  spec: { target: { kind: 'BackupResourceList', name: backup } },
});

async function locationOf(client: HubClient, name: string | null, signal: AbortSignal | undefined): Promise<KubeObject | null> {
  const { items } = await client.list(resources.backupStorageLocation, { namespace, ...callOf(signal) });
  return items.find(({ metadata }) => metadata.name === name) ?? (items.length === 1 ? (items[0] ?? null) : null);
}
