import { namespaces, secrets } from '../common/rhacm-names.js';
import { rfc3339 } from '../common/untrusted.js';
import { resources } from '../kube/resources.js';
import type { Benchmark, BenchOptions, Figure } from './bench.types.js';
import { backupSetOf, bareCluster, clusterNames, restoredCluster } from './bench-fleet.js';
import { allRead, bareRun, comparison, countOf, finished, firstAtMs, lastAtMs, memory, register, Since, until } from './bench-help.js';
import { startHub, type BenchHub } from './bench-hub.js';
import { MeasuredService } from './measured-service.js';

type HubKind = 'simulated' | 'real';
type BackupSet = ReturnType<typeof backupSetOf>;

const SET_AGE_MS = 3_600_000;

interface FailoverView {
  readonly id: string;
  readonly status: string;
  readonly problem: { readonly message: string } | null;
  readonly steps: readonly { readonly step: string; readonly intentAt: string | null }[];
}

async function bare(kind: HubKind, clusters: readonly string[]): Promise<number> {
  const hub = await startHub(kind, 'hub-target');
  try {
    const set = backupSetOf('source', new Date(Date.now() - SET_AGE_MS));
    await hub.seed(clusters.flatMap((cluster) => restoredCluster(cluster, set.names.managedClusters, new Date())));
    return await bareRun(hub, 'import', clusters);
  } finally {
    await hub.stop();
  }
}

/** Plays the operator, without its own import loop: the failover's Restore brings all clusters at once. */
async function restoreOn(target: BenchHub, clusters: readonly string[], { names }: BackupSet): Promise<void> {
  let name = '';
  await until('the Restore', async () => {
    const { items } = await target.client.list(resources.restore, { namespace: namespaces.backup });
    name = items[0]?.metadata.name ?? '';
    return name !== '';
  });
  const now = new Date();
  await target.seed(clusters.flatMap((cluster) => restoredCluster(cluster, names.managedClusters, now)));
  const ended = { phase: 'Completed', startTimestamp: rfc3339(now), completionTimestamp: rfc3339(now) };
  await target.seed(Object.values(names).map((backup) => ({
    apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name: `${name}-${backup}`, namespace: namespaces.backup }, spec: { backupName: backup }, status: ended,
  })));
  const status = { phase: 'Finished', lastMessage: 'All Velero restores have run successfully', completionTimestamp: rfc3339(now) };
  await target.client.patch(resources.restore, { name, namespace: namespaces.backup }, { status }, { patchType: 'merge', subresource: 'status' });
}

/** Two hubs with one backup set; the source is then gone. @returns the id of the plan */
async function prepare(service: MeasuredService, target: BenchHub, clusters: readonly string[]): Promise<{ planId: string; set: BackupSet }> {
  const source = await startHub('simulated', 'hub-source');
  try {
    const set = backupSetOf(source.clusterId, new Date(Date.now() - SET_AGE_MS));
    await source.seed([...clusters.flatMap((cluster) => bareCluster(cluster, new Date())), ...set.objects]);
    await target.seed(set.objects);
    const sourceHubId = await register(service, 'hub-source', source);
    const targetHubId = await register(service, 'hub-target', target);
    await allRead(service, sourceHubId, clusters.length);
    await until('the backup set', async () => (await countOf(service, `/backup-sets?hubId=${sourceHubId}&status=COMPLETE`)) > 0);
    const plan = { name: 'bench', sourceHubId, targetHubId, rpoSeconds: 86_400, rtoSeconds: 3_600, importWindowSeconds: 3_600 };
    return { planId: (await service.api.post<{ id: string }>('/plans', plan)).id, set };
  } finally {
    await source.stop();
  }
}

async function approve(service: MeasuredService, failoverId: string): Promise<void> {
  const { key } = await service.api.post<{ key: string }>('/api-keys', { name: 'approver', roles: ['viewer', 'approver'] });
  await reached(service, failoverId, 'PENDING_APPROVAL');
  await service.api.as(key).post(`/failovers/${failoverId}/approvals`, { decision: 'APPROVED', reason: 'A benchmark' });
}

async function reached(service: MeasuredService, failoverId: string, status: string): Promise<FailoverView> {
  let seen: FailoverView | undefined;
  await until(`the failover to be ${status}`, async () => {
    seen = await service.api.get<FailoverView>(`/failovers/${failoverId}`);
    if (seen.status === 'FAILED') throw new Error(`The failover failed: ${seen.problem?.message}`);
    return seen.status === status;
  });
  return seen!;
}

/** From the failover's step IMPORTING to the last auto-import-secret, by the hub's record. */
async function importAll(kind: HubKind, clusters: readonly string[], options: BenchOptions): Promise<{ ms: number; figures: readonly Figure[] }> {
  const target = await startHub(kind, 'hub-target');
  const service = await MeasuredService.start({ profileDir: options.profileDir, settings: { LIFEBOAT_FAILOVER_POLL_SECONDS: '1' } });
  try {
    const { planId, set } = await prepare(service, target, clusters);
    const failover = await service.api.post<FailoverView>(`/plans/${planId}/failovers`, { kind: 'DISASTER', reason: 'A benchmark' });
    await approve(service, failover.id);
    await reached(service, failover.id, 'RESTORING');
    await service.mark();
    const since = await Since.now(target);
    await restoreOn(target, clusters, set);
    const done = await finished(since, 'import', clusters.length);
    const importing = await service.api.get<FailoverView>(`/failovers/${failover.id}`);
    const begunAtMs = Date.parse(importing.steps.find(({ step }) => step === 'IMPORTING')?.intentAt ?? '');
    const writes = (await since.calls()).writes.filter(({ resource, name }) => resource === 'managedclusters' || name === secrets.autoImport);
    return {
      ms: lastAtMs(done) - begunAtMs,
      figures: [
        { name: 'of which until the first write', value: firstAtMs(writes) - begunAtMs, unit: 'ms' },
        { name: 'writes for each pending cluster', value: writes.length / clusters.length, unit: '' },
        ...(await memory(service)),
      ],
    };
  } finally {
    await service.stop();
    await target.stop();
  }
}

function importOn(kind: HubKind): Benchmark['run'] {
  return async (options) => {
    const clusters = clusterNames(options.clusters);
    options.say('the bare client');
    const before = await bare(kind, clusters);
    options.say('the service');
    const { ms, figures } = await importAll(kind, clusters, options);
    options.say('the bare client once more');
    const after = await bare(kind, clusters);
    return [...comparison(clusters.length, ms, [before, after]), ...figures];
  };
}

export const importBench: Benchmark = { name: 'import', kube: false, title: 'Restored clusters get their auto-import-secret in a failover; simulated hub', run: importOn('simulated') };
export const importKubeBench: Benchmark = { name: 'import-kube', kube: true, title: 'Restored clusters get their auto-import-secret in a failover; real kube-apiserver', run: importOn('real') };
