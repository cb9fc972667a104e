import { mkdtempSync, statSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config.js';
import { sealingKeyFromFile } from './sealing-key-file.js';

const key = Buffer.alloc(32, 7).toString('base64');

test('the empty environment is enough', () => {
  const config = loadConfig({ XDG_DATA_HOME: '/x' });
  expect(config).toMatchObject({ dataDir: '/x/lifeboat', port: 8080, allowLoopbackHubs: false, leaseMs: 15_000 });
  expect([...config.roles]).toEqual(['api', 'worker']);
});

test('one error names every bad variable and shows no value', () => {
  const env = { DATABASE_URL: 'mysql://user:hunter2@x', PORT: '99999', LIFEBOAT_ROLES: 'api,cook', LIFEBOAT_SEALING_KEYS: 'a:c2hvcnQ=' };
  const attempt = () => loadConfig(env);
  expect(attempt).toThrow(/DATABASE_URL[^]*LIFEBOAT_ROLES[^]*LIFEBOAT_SEALING_KEYS[^]*PORT/);
  expect(attempt).not.toThrow(/hunter2|c2hvcnQ/);
});

test('secrets may come from files and do not print', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lifeboat-')), 'url');
  writeFileSync(path, 'postgres://user:hunter2@db/x\n');
  const config = loadConfig({ DATABASE_URL_FILE: path, LIFEBOAT_SEALING_KEYS: `new:${key},old:${key}` });
  expect(config.databaseUrl?.reveal()).toBe('postgres://user:hunter2@db/x');
  expect([...config.sealingKeys!.keys()]).toEqual(['new', 'old']);
  expect(JSON.stringify(config)).not.toContain('hunter2');
});

test('the key file is made once, private, and refused when others may read it', () => {
  const dir = join(mkdtempSync(join(tmpdir(), 'lifeboat-')), 'data');
  const first = sealingKeyFromFile(dir).get('file')!.reveal();
  expect(sealingKeyFromFile(dir).get('file')!.reveal()).toEqual(first);
  expect(statSync(join(dir, 'sealing.key')).mode & 0o777).toBe(0o600);
  chmodSync(join(dir, 'sealing.key'), 0o644);
  expect(() => sealingKeyFromFile(dir)).toThrow(/0600/);
});

test('origins of other sites are named in full', () => {
  expect(loadConfig({ LIFEBOAT_CORS_ORIGINS: 'https://portal.example, http://localhost:3000' }).corsOrigins).toEqual(['https://portal.example', 'http://localhost:3000']);
  expect(loadConfig({}).corsOrigins).toBeUndefined();
  for (const wrong of ['*', 'https://*.example', 'portal.example', 'https://portal.example/']) expect(() => loadConfig({ LIFEBOAT_CORS_ORIGINS: wrong })).toThrow(/LIFEBOAT_CORS_ORIGINS/);
});
