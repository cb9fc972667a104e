import { ShiftableClock } from '../../src/common/clock.js';
import { exportKubeconfig } from '../../src/kube/kubeconfig-export.js';
import { demoFleet } from '../../src/simulator/scenarios/fleet.js';
import { startWorld, type World, type WorldHub } from '../../src/simulator/scenarios/world.js';
import { eventually } from '../../src/simulator/scenarios/world-testing.js';
import { EAST, playMainJob, stageOn, WEST } from '../support/main-job.js';
import { RealKubeApiserver, type AuditEvent } from '../../src/simulator/real/kube-apiserver.js';

const isLifeboat = ({ userAgent }: AuditEvent): boolean => (userAgent ?? '').startsWith('lifeboat');
const asWorldHub = (name: string, server: RealKubeApiserver): WorldHub => ({ name, clusterId: `id-of-${name}`, connection: () => server.connection() });

async function secondsToPass(seconds: number): Promise<void> {
  const until = Math.floor(Date.now() / 1000) + seconds;
  await eventually('the next seconds', async () => Date.now() / 1000 >= until, 10_000);
}

test('the main job between two real kube-apiservers, by their own audit logs', async () => {
  const [east, west] = await Promise.all([RealKubeApiserver.start(), RealKubeApiserver.start()]);
  const clock = new ShiftableClock();
  const fleet = demoFleet({ count: 20, seed: 5, source: EAST, target: WEST });
  let world: World | undefined;
  try {
    const here = (world = await startWorld({
      clock, fleet,
      hubs: [
        { hub: asWorldHub(EAST, east), tokens: 'off', components: { managedServiceAccount: false }, garbageCollector: true },
        { hub: asWorldHub(WEST, west), tokens: 'off', components: { managedServiceAccount: false }, garbageCollector: true },
      ],
    }));
    const kubeconfigs = { [EAST]: await exportKubeconfig(east.connection(), EAST), [WEST]: await exportKubeconfig(west.connection(), WEST) };
    let onEast: AuditEvent[] = [];
    const stage = stageOn(here, fleet, clock, kubeconfigs, {
      // A real API server's clock cannot be moved, so until the backup is taken the others' may not be either.
      letAMomentPass: () => secondsToPass(2),
      loseEast: async () => {
        await here.cutOff(EAST);
        onEast = await east.auditEvents();
        await east.stop();
      },
    });
    const { asPredicted, said } = await playMainJob(stage, clock);
    if (!asPredicted) process.stdout.write(said.slice(-12000));
    expect(asPredicted).toBe(true);

    const ours = (await west.auditEvents()).filter(isLifeboat);
    const restores = ours.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'restores' && objectRef.apiGroup === 'cluster.open-cluster-management.io');
    expect(restores.map(({ responseStatus }) => responseStatus?.code)).toEqual([201]);
    expect(ours.filter(({ verb }) => verb === 'delete')).toEqual([]);
    // No token is read before an import needs it: on the source never, and Secrets are listed as metadata only
    expect(onEast.filter(isLifeboat).filter(({ verb, objectRef }) => verb === 'get' && objectRef?.resource === 'secrets')).toEqual([]);
  } finally {
    await world?.stop();
    await Promise.all([east.stop(), west.stop()]);
  }
}, 600_000);
