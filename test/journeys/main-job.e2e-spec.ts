import { ShiftableClock } from '../../src/common/clock.js';
import { resources } from '../../src/kube/resources.js';
import { demoFleet } from '../../src/simulator/scenarios/fleet.js';
import { startWorld } from '../../src/simulator/scenarios/world.js';
import { SimulatedHub } from '../../src/simulator/simulated-hub.js';
import { EAST, playMainJob, stageOn, WEST } from '../support/main-job.js';

const BY_LIFEBOAT = (userAgent: string | undefined): boolean => (userAgent ?? '').startsWith('lifeboat');

test('a hub dies and its fleet comes back, as predicted, by one Restore and without a token shown', async () => {
  const clock = new ShiftableClock();
  const fleet = demoFleet({ count: 24, seed: 5, source: EAST, target: WEST });
  const [east, west] = await Promise.all([EAST, WEST].map((name, index) => SimulatedHub.start({ name, clusterId: `id-of-${name}`, clock, seed: index + 1 })));
  const world = await startWorld({
    clock, fleet,
    hubs: [{ hub: east!, tokens: 'off', components: { managedServiceAccount: false } }, { hub: west!, tokens: 'off', components: { managedServiceAccount: false }, switches: { importLoopEarly: 1, importLoopTwice: 1 } }],
  });
  try {
    const tokens = new Set<string>();
    const kubeconfigs = { [EAST]: east!.kubeconfig(), [WEST]: west!.kubeconfig() };
    const stage = stageOn(world, fleet, clock, kubeconfigs, {
      letAMomentPass: async () => clock.advance(2_000),
      loseEast: async () => {
        for (const secret of east!.objects(resources.secret)) if (secret.data?.['token']) tokens.add(secret.data['token']);
        await world.cutOff(EAST);
      },
    });
    const { asPredicted, said, stored } = await playMainJob(stage, clock);
    expect(asPredicted).toBe(true);

    // By the hubs' own record
    const restores = west!.ledger.writes({ verb: 'create', resource: 'restores' }).filter(({ userAgent }) => BY_LIFEBOAT(userAgent));
    expect(restores.map(({ code }) => code)).toEqual([201]);
    expect(west!.ledger.writes({ verb: 'delete' }).filter(({ userAgent }) => BY_LIFEBOAT(userAgent))).toEqual([]);
    const writtenFor = new Set(east!.ledger.writes({}).filter(({ userAgent, resource }) => BY_LIFEBOAT(userAgent) && resource === 'managedserviceaccounts').map(({ namespace }) => namespace));
    const imported = fleet.clusters.filter(({ group }) => group !== 'hive' && group !== 'hosted').map(({ name }) => name);
    expect([...writtenFor].sort()).toEqual(imported.sort());

    // No secret in any answer, table or job
    expect(tokens.size).toBeGreaterThan(10);
    const secrets = [...[...tokens].flatMap((token) => [token, Buffer.from(token, 'base64').toString()]), east!.adminToken, west!.adminToken];
    expect(secrets.filter((secret) => said.includes(secret) || stored.includes(secret))).toEqual([]);
  } finally {
    await world.stop();
    await Promise.all([east!.stop(), west!.stop()]);
  }
}, 240_000);
