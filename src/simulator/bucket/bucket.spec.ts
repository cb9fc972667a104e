import { request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { ManualClock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { Bucket, resourceListOf } from './bucket.js';

const secret = (namespace: string, name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });
const cluster = (name: string): KubeObject => ({ apiVersion: 'cluster.open-cluster-management.io/v1', kind: 'ManagedCluster', metadata: { name } });
const backup = (name: string): KubeObject => ({ apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, labels: { a: 'b' } } });

describe('the shared bucket', () => {
  const clock = new ManualClock(new Date('2026-11-24T20:00:00Z'));
  let bucket: Bucket;
  beforeEach(async () => {
    clock.set(new Date('2026-11-24T20:00:00Z'));
    bucket = await Bucket.start({ clock });
    bucket.put({ name: 'b1', backup: backup('b1'), items: [secret('c2', 'auto-import-account'), cluster('c1'), secret('c1', 'auto-import-account')] });
  });
  afterEach(() => bucket.stop());

  test('gives the resource list of a backup as gzip, unsaid in the headers', async () => {
    const { url, expiresAt } = bucket.sign('BackupResourceList', 'b1');
    expect(expiresAt.toISOString()).toBe('2026-11-24T20:10:00.000Z');
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('600');
    const answer = await fetch(url);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(JSON.parse(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString())).toEqual({
      'cluster.open-cluster-management.io/v1/ManagedCluster': ['c1'],
      'v1/Secret': ['c1/auto-import-account', 'c2/auto-import-account'],
    });
  });

  test('a URL ends after ten minutes', async () => {
    const { url } = bucket.sign('BackupResourceList', 'b1');
    clock.advance(600_000);
    expect((await fetch(url)).status).toBe(200);
    clock.advance(1_000);
    expect((await fetch(url)).status).toBe(403);
  });

  test.each([
    { because: 'the signature is for another object', change: (url: string) => url.replaceAll('b1', 'b2'), status: 403 },
    { because: 'the signature is missing', change: (url: string) => url.split('?')[0] ?? '', status: 403 },
    { because: 'a later date was put in', change: (url: string) => url.replace('20261124T200000Z', '20261124T210000Z'), status: 403 },
  ])('refuses where $because', async ({ change, status }) => {
    expect((await fetch(change(bucket.sign('BackupResourceList', 'b1').url))).status).toBe(status);
  });

  test('what is not stored is not found, whatever the signature', async () => {
    for (const [kind, name] of [['BackupResourceList', 'b2'], ['BackupContents', 'b1'], ['RestoreResults', 'r1']] as const) {
      const answer = await fetch(bucket.sign(kind, name).url);
      expect([kind, answer.status]).toEqual([kind, 404]);
    }
  });

  test('misbehaves for one backup, while it is told to', async () => {
    bucket.put({ name: 'b2', backup: backup('b2'), items: [] });
    bucket.misbehave('b1', (response) => void response.writeHead(302, { location: 'http://10.0.0.1/' }).end());
    const statusOf = async (name: string): Promise<number> => (await fetch(bucket.sign('BackupResourceList', name).url, { redirect: 'manual' })).status;
    expect([await statusOf('b1'), await statusOf('b2')]).toEqual([302, 200]);
    bucket.misbehave('b1', null);
    expect(await statusOf('b1')).toBe(200);
  });

  test('keeps the results of restores', async () => {
    bucket.putRestoreResults('r1', { errors: { velero: ['no'] } });
    const answer = await fetch(bucket.sign('RestoreResults', 'r1').url);
    expect(JSON.parse(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString())).toEqual({ errors: { velero: ['no'] } });
  });

  test('tells what comes and goes', () => {
    const told: string[] = [];
    const stop = bucket.onEvent(({ type, name, labels }) => told.push(`${type} ${name} ${labels['a'] ?? ''}`));
    bucket.announceCapture(backup('b2'));
    bucket.put({ name: 'b2', backup: backup('b2'), items: [] });
    bucket.delete('b2');
    stop();
    bucket.delete('b1');
    expect(told).toEqual(['captured b2 b', 'stored b2 b', 'deleted b2 b']);
    expect(bucket.list()).toEqual([]);
  });

  test('speaks HTTPS under its own authority on request', async () => {
    const safe = await Bucket.start({ clock, tls: true });
    safe.put({ name: 'b1', backup: backup('b1'), items: [] });
    const status = await new Promise((resolve, reject) => {
      request(safe.sign('BackupResourceList', 'b1').url, { ca: safe.caPem ?? '' }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end();
    });
    await safe.stop();
    expect(status).toBe(200);
  });

  test('names of kinds and things are sorted', () => {
    expect(Object.keys(resourceListOf([secret('a', 'b'), cluster('z')]))).toEqual(['cluster.open-cluster-management.io/v1/ManagedCluster', 'v1/Secret']);
  });
});
