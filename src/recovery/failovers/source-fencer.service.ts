import { Injectable } from '@nestjs/common';
import { annotations, namespaces } from '../../common/rhacm-names.js';
import { inParallel } from '../../common/in-parallel.js';
import type { HubClient } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import { resources } from '../../kube/resources.js';
import { FENCED_BY, HubViewService, type ClusterOnHub, type ScheduleOnHub } from '../hub-view.service.js';

const PLACES = 32;
/** A conflict means that somebody else wrote meanwhile; it is looked at again. */
const ROUNDS = 5;

export interface FencingReport {
  readonly pausedSchedules: readonly string[];
  /** Clusters that we kept from being imported there */
  readonly annotated: number;
  /** Clusters and schedules that others had stopped already */
  readonly stoppedByOthers: number;
  /** What still acts after all tries; empty: fenced */
  readonly remaining: readonly string[];
}

/**
 * Stops a hub from acting on clusters that move: no new backups, no auto-import. Reversible, and never a delete. What we stop carries
 * our mark with the failover's id, so that taking it back touches nothing that others had stopped.
 */
@Injectable()
export class SourceFencer {
  constructor(private readonly view: HubViewService) {}

  /** @param clusters names of those that move. @throws KubeError */
  async fence(client: HubClient, failoverId: string, clusters: ReadonlySet<string>, signal: AbortSignal): Promise<FencingReport> {
    let remaining: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [schedules, here] = await Promise.all([this.view.schedules(client, signal), this.moved(client, clusters, signal)]);
      const running = schedules.filter((schedule) => !schedule.paused);
      const open = here.filter((cluster) => !cluster.importDisabled);
      remaining = [...running.map((schedule) => `BackupSchedule ${schedule.name}`), ...open.map((cluster) => `ManagedCluster ${cluster.name}`)].sort();
      if (remaining.length === 0) return report(failoverId, schedules, here);
      await inParallel(running, PLACES, (schedule) => this.patch(client, 'schedule', schedule, { spec: { paused: true } }, failoverId, signal));
      await inParallel(open, PLACES, (cluster) => this.patch(client, 'cluster', cluster, { metadata: { annotations: { [annotations.disableAutoImport]: '' } } }, failoverId, signal));
    }
    return { pausedSchedules: [], annotated: 0, stoppedByOthers: 0, remaining };
  }

  /** Takes back what this failover stopped. @returns what is still stopped after all tries. @throws KubeError */
  async unfence(client: HubClient, failoverId: string, signal: AbortSignal): Promise<string[]> {
    let remaining: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [schedules, here] = await Promise.all([this.view.schedules(client, signal), this.view.clusters(client, signal)]);
      const paused = schedules.filter((schedule) => schedule.fencedBy === failoverId);
      const closed = here.filter((cluster) => cluster.fencedBy === failoverId);
      remaining = [...paused.map((schedule) => `BackupSchedule ${schedule.name}`), ...closed.map((cluster) => `ManagedCluster ${cluster.name}`)].sort();
      if (remaining.length === 0) return [];
      await inParallel(paused, PLACES, (schedule) => this.patch(client, 'schedule', schedule, { spec: { paused: false } }, null, signal));
      await inParallel(closed, PLACES, (cluster) => this.patch(client, 'cluster', cluster, { metadata: { annotations: { [annotations.disableAutoImport]: null } } }, null, signal));
    }
    return remaining;
  }

  private async moved(client: HubClient, clusters: ReadonlySet<string>, signal: AbortSignal): Promise<ClusterOnHub[]> {
    return (await this.view.clusters(client, signal)).filter((cluster) => clusters.has(cluster.name));
  }

  /** With the resourceVersion that was read under our lease: a worker that was overtaken changes nothing that its successor has seen. */
  private async patch(
    client: HubClient,
    what: 'schedule' | 'cluster',
    object: ScheduleOnHub | ClusterOnHub,
    change: { spec?: object; metadata?: { annotations: Record<string, string | null> } },
    mark: string | null,
    signal: AbortSignal,
  ): Promise<void> {
    const type = what === 'schedule' ? resources.backupSchedule : resources.managedCluster;
    const ref = what === 'schedule' ? { name: object.name, namespace: namespaces.backup } : { name: object.name };
    const metadata = { resourceVersion: object.resourceVersion, annotations: { ...change.metadata?.annotations, [FENCED_BY]: mark } };
    try {
      await client.patch(type, ref, { ...change, metadata }, { patchType: 'merge', signal });
    } catch (error) {
      if (!isKubeError(error, 'KUBE_CONFLICT', 'KUBE_NOT_FOUND')) throw error; // looked at again in the next round
    }
  }
}

function report(failoverId: string, schedules: readonly ScheduleOnHub[], clusters: readonly ClusterOnHub[]): FencingReport {
  const ours = (one: { fencedBy: string | null }) => one.fencedBy === failoverId;
  const annotated = clusters.filter(ours).length;
  const paused = schedules.filter(ours);
  return {
    pausedSchedules: paused.map((schedule) => schedule.name).sort(), annotated, stoppedByOthers: clusters.length - annotated + schedules.length - paused.length, remaining: [],
  };
}
