import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const { folder, listener, starting } = globalThis.lifeboatTestPostgres;
  listener.close();
  const postgres = await starting?.catch(() => undefined);
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
}
