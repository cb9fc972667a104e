import { Injectable } from '@nestjs/common';
import { accounts, annotations, labels, labelValues, namespaces, secrets } from '../common/rhacm-names.js';
import { at, instantOf } from '../common/untrusted.js';
import { acmRestoreFacts, backupScheduleFacts, managedClusterFacts, veleroBackupFacts, veleroRestoreFacts } from '../fleet/facts.rules.js';
import type { BackupScheduleFacts, ManagedClusterFacts, VeleroBackupFacts } from '../fleet/facts.types.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject, ListOptions, ResourceType } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import type { TokenCandidate } from './imports/token-choice.rules.js';
import type { RestoreOnHub } from './restores/restores-on-hub.rules.js';
import type { VeleroRestoreFacts } from './restores/restores.types.js';

export type ScheduleOnHub = { readonly name: string; readonly resourceVersion: string; readonly fencedBy: string | null } & BackupScheduleFacts;
export type BackupOnHub = { readonly name: string } & VeleroBackupFacts;
export interface ClusterOnHub extends ManagedClusterFacts {
  readonly name: string;
  readonly resourceVersion: string;
  readonly fencedBy: string | null;
  /** Annotation immediate-import: null where absent. No fact to be kept: it comes and goes with each import */
  readonly immediateImport: string | null;
}

/** On what we have paused or annotated: the failover that did, so that nothing else is taken back. */
export const FENCED_BY = 'lifeboat/fenced-by';

const inBackups = (signal: AbortSignal): ListOptions => ({ namespace: namespaces.backup, signal });

const annotationOf = (object: KubeObject, key: string): string | null => {
  const value = at(object.metadata.annotations, key);
  return typeof value === 'string' ? value : null;
};

const fencedBy = (object: KubeObject): string | null => annotationOf(object, FENCED_BY);

const instant = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** What stands for an answer though it is no success: somebody is there. */
const REFUSALS = ['HUB_UNAUTHORIZED', 'HUB_FORBIDDEN', 'KUBE_NOT_FOUND', 'HUB_BUSY_THROTTLED'] as const;

/** Fresh looks at a hub, for decisions that must not rest on what was read before. Each method throws KubeError. */
@Injectable()
export class HubViewService {
  async restores(client: HubClient, signal: AbortSignal): Promise<RestoreOnHub[]> {
    const found = await this.list(client, resources.restore, inBackups(signal));
    return found.map((object) => ({ name: object.metadata.name, ...acmRestoreFacts(object) }));
  }

  async schedules(client: HubClient, signal: AbortSignal): Promise<ScheduleOnHub[]> {
    const found = await this.list(client, resources.backupSchedule, inBackups(signal));
    return found.map((object) => ({ name: object.metadata.name, resourceVersion: object.metadata.resourceVersion ?? '', fencedBy: fencedBy(object), ...backupScheduleFacts(object) }));
  }

  async clusters(client: HubClient, signal: AbortSignal): Promise<ClusterOnHub[]> {
    const found: ClusterOnHub[] = [];
    for await (const page of client.listAll(resources.managedCluster, { signal })) {
      for (const object of page.items) {
        found.push({ name: object.metadata.name, resourceVersion: object.metadata.resourceVersion ?? '', fencedBy: fencedBy(object), immediateImport: annotationOf(object, annotations.immediateImport), ...managedClusterFacts(object) });
      }
    }
    return found;
  }

  /** The backups on the hub that RHACM's schedules made, whoever owns them. */
  async backups(client: HubClient, signal: AbortSignal): Promise<BackupOnHub[]> {
    const found = await this.list(client, resources.veleroBackup, inBackups(signal));
    return found.map((object) => ({ name: object.metadata.name, ...veleroBackupFacts(object) })).filter((facts) => facts.type !== null);
  }

  /** The Velero Restores of one ACM Restore: they bear its name and that of the backup. */
  async veleroRestores(client: HubClient, restore: string, signal: AbortSignal): Promise<VeleroRestoreFacts[]> {
    const found = await this.list(client, resources.veleroRestore, inBackups(signal));
    return found
      .filter((object) => object.metadata.name.startsWith(`${restore}-`))
      .map((object) => {
        const facts = veleroRestoreFacts(object);
        return {
          name: object.metadata.name, backup: facts.backupName, phase: facts.phase, startedAt: instant(facts.startedAt), completedAt: instant(facts.completedAt),
          errors: facts.errors ?? 0, warnings: facts.warnings ?? 0,
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The account tokens by namespace, as metadata alone: no token enters the process. */
  async tokenSecrets(client: HubClient, signal: AbortSignal): Promise<Map<string, TokenCandidate[]>> {
    const found = new Map<string, TokenCandidate[]>();
    for await (const page of client.listAll(resources.secret, { labelSelector: `${labels.isManagedServiceAccount}=${labelValues.true}`, metadataOnly: true, signal })) {
      for (const { metadata } of page.items) {
        if (!metadata.name.startsWith(accounts.autoImport) || metadata.namespace === undefined) continue;
        const candidate = { account: metadata.name, expiresAt: instantOf(at(metadata.annotations, annotations.expirationTimestamp)) };
        found.set(metadata.namespace, [...(found.get(metadata.namespace) ?? []), candidate]);
      }
    }
    return found;
  }

  /** The auto-import-secrets by namespace: whether each came from an activation. */
  async importSecrets(client: HubClient, signal: AbortSignal): Promise<Map<string, { readonly restored: boolean }>> {
    const found = new Map<string, { restored: boolean }>();
    for await (const page of client.listAll(resources.secret, { fieldSelector: `metadata.name=${secrets.autoImport}`, metadataOnly: true, signal })) {
      for (const { metadata } of page.items) {
        if (metadata.namespace !== undefined) found.set(metadata.namespace, { restored: at(metadata.labels, labels.restoreAutoImportSecret) === labelValues.true });
      }
    }
    return found;
  }

  /** Whether the hub answers at all. A refusal is an answer. */
  async answers(client: HubClient, signal: AbortSignal, withinMs = 5_000): Promise<boolean> {
    try {
      await client.serverVersion({ signal, deadlineMs: withinMs });
      return true;
    } catch (error) {
      return isKubeError(error, ...REFUSALS);
    }
  }

  private async list(client: HubClient, type: ResourceType, options: ListOptions): Promise<KubeObject[]> {
    const found: KubeObject[] = [];
    for await (const page of client.listAll(type, options)) found.push(...page.items);
    return found;
  }
}
