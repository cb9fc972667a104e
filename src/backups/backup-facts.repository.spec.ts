import { ManualClock } from '../common/clock.js';
import { Parts, testConfig } from '../../test/support/parts.js';
import { BackupFactsRepository } from './backup-facts.repository.js';

const now = new Date('2026-11-24T12:00:00Z');
let parts: Parts;
beforeAll(async () => {
  parts = await Parts.open(new ManualClock(now), testConfig());
});
afterAll(() => parts.drop());

test('two fleets whose backups were made in the same second are two: what one target shows proves nothing of the other', async () => {
  const { prisma, sql } = parts;
  const hub = async (name: string): Promise<string> =>
    (await prisma.hub.create({ data: { name, apiUrl: `https://${name}`, clusterId: `id-${name}`, reachability: 'REACHABLE', createdAt: now, createdBy: 't', updatedAt: now } })).id;
  const west = await hub('west');
  const credentialsBackup = 'acm-credentials-schedule-20261124110000';
  const sets: Record<string, string> = {};
  for (const name of ['east', 'north']) {
    await hub(name);
    const set = await prisma.backupSet.create({ data: { ownerClusterId: `id-${name}`, credentialsBackup, status: 'COMPLETE', startedAt: now, firstSeenAt: now } });
    sets[name] = set.id;
  }
  await prisma.backup.create({ data: { hubId: west, name: credentialsBackup, type: 'credentials', ownerClusterId: 'id-east', phase: 'Completed', readAt: now } });
  const shown = await new BackupFactsRepository(sql).setsOfOthers(west);
  expect(shown.map(({ id }) => id)).toEqual([sets['east']]);
});
