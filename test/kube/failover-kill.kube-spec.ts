import { randomBytes } from 'node:crypto';
import { SystemClock } from '../../src/common/clock.js';
import { freePort } from '../../src/common/free-ports.js';
import { ApiClient } from '../../src/demo/api-client.js';
import type { FailoverView, ImportView, SetView, TokenView } from '../../src/demo/story.types.js';
import { exportKubeconfig } from '../../src/kube/kubeconfig-export.js';
import type { CrashPoint } from '../../src/recovery/failovers/failover-transitions.rules.js';
import { demoFleet, Fleet } from '../../src/simulator/scenarios/fleet.js';
import { eventually } from '../../src/simulator/scenarios/world-testing.js';
import { startWorld, type World, type WorldHub } from '../../src/simulator/scenarios/world.js';
import { cloneTestDatabase } from '../support/database.js';
import { EAST, WEST } from '../support/main-job.js';
import { ServiceProcess } from '../support/service-process.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';

const LIMIT_MS = 90_000;

const asWorldHub = (name: string, server: RealKubeApiserver): WorldHub => ({ name, clusterId: `id-of-${name}`, connection: () => server.connection() });

/** Asks again while the service is away: it was killed, and another is starting. */
async function stubbornly<T>(ask: () => Promise<T>): Promise<T> {
  let answer: { value: T } | null = null;
  await eventually('the service to answer', async () => {
    answer = await ask().then((value) => ({ value }), () => null);
    return answer !== null;
  }, LIMIT_MS);
  return answer!.value;
}

/** The cuts where a second Restore could be made: the first is there, and nobody has noted it. */
test.each<CrashPoint>(['RESTORING:after-effect', 'RESTORING:before-record'])('killed at %s, the service makes one Restore, by the audit log of a real kube-apiserver', async (crashAt) => {
  const [east, west, database] = await Promise.all([RealKubeApiserver.start(), RealKubeApiserver.start(), cloneTestDatabase()]);
  const fleet = new Fleet(demoFleet({ count: 10, seed: 3, source: EAST, target: WEST }).clusters.filter(({ group }) => group === 'good' || group === 'noUrl' || group === 'hive'));
  const env = {
    DATABASE_URL: database.url, PORT: String(await freePort()), LOG_LEVEL: 'warn', LIFEBOAT_SEALING_KEYS: `k:${randomBytes(32).toString('base64')}`, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true',
    LIFEBOAT_FAILOVER_POLL_SECONDS: '0.5', LIFEBOAT_LEASE_SECONDS: '3', LIFEBOAT_SWEEP_SECONDS: '1',
  };
  let world: World | undefined;
  let second: Promise<ServiceProcess> | undefined;
  const first = await ServiceProcess.start({ ...env, LIFEBOAT_CRASH_AT: crashAt });
  void first.exited.then(() => (second = ServiceProcess.start(env)));
  try {
    const here = (world = await startWorld({
      clock: new SystemClock(), fleet,
      hubs: [{ hub: asWorldHub(EAST, east), tokens: 'off', garbageCollector: true }, { hub: asWorldHub(WEST, west), tokens: 'off', garbageCollector: true }],
    }));
    const api = new ApiClient(`${first.url}/api/v1`, first.firstAdminKey ?? '');
    const register = async (name: string, server: RealKubeApiserver): Promise<string> =>
      (await api.post<{ id: string }>('/hubs', { name, kubeconfig: await exportKubeconfig(server.connection(), name) })).id;
    const [source, target] = [await register(EAST, east), await register(WEST, west)];
    await api.patch(`/hubs/${source}`, { policy: 'PROTECT' });
    const imported = fleet.clusters.filter(({ group }) => group !== 'hive').length;
    await eventually('the tokens', async () => {
      const tokens = await api.all<TokenView & { labelledAt: string | null }>(`/tokens?hubId=${source}`);
      const labelled = tokens.filter(({ account, inBackupSelection, labelledAt }) => account === 'auto-import-account' && inBackupSelection && labelledAt !== null && Date.parse(labelledAt) < Date.now() - 1_000);
      return labelled.length === imported;
    }, LIMIT_MS);
    await api.put(`/hubs/${source}/backup-schedule`, { cron: '0 */4 * * *', veleroTtl: '120h', useManagedServiceAccount: true, reason: 'a backup' });
    await eventually('the set on the target', async () => (await api.all<SetView>(`/backup-sets?hubId=${source}`)).some(({ status, shownByHubIds }) => status === 'COMPLETE' && shownByHubIds.includes(target)), LIMIT_MS);
    const plan = await api.post<{ id: string }>('/plans', { name: 'east-to-west', sourceHubId: source, targetHubId: target });
    const approver = api.as((await api.post<{ key: string }>('/api-keys', { name: 'duty', roles: ['viewer', 'approver'] })).key);
    await here.cutOff(EAST);
    await east.stop();

    const { id } = await api.post<FailoverView>(`/plans/${plan.id}/failovers`, { kind: 'DISASTER', reason: 'hub-east burns' });
    const look = (): Promise<FailoverView> => stubbornly(() => api.get<FailoverView>(`/failovers/${id}`));
    await eventually('waiting for approval', async () => (await look()).status === 'PENDING_APPROVAL', LIMIT_MS);
    await approver.post(`/failovers/${id}/approvals`, { decision: 'APPROVED', reason: 'seen it too' });
    await first.exited;
    await eventually('the end', async () => (await look()).status.startsWith('COMPLETED'), LIMIT_MS);

    const imports = await api.all<ImportView>(`/failovers/${id}/imports`);
    expect(imports.filter(({ outcomeCode }) => outcomeCode === 'RECONNECTED').map(({ cluster }) => cluster).sort()).toEqual(fleet.names('good').sort());
    const made = (await west.auditEvents()).filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'restores' && objectRef.apiGroup === 'cluster.open-cluster-management.io');
    expect(made.filter(({ responseStatus }) => responseStatus?.code === 201)).toHaveLength(1);
  } finally {
    await first.close();
    await (await second)?.close();
    await world?.stop();
    await Promise.all([east.stop(), west.stop()]);
    await database.drop();
  }
}, 1_200_000);
