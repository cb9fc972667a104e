// node scripts/migration-new.mjs NAME: writes what prisma/schema.prisma has and the migrations lack as a new migration.
// Read it before you commit it; what Prisma's schema cannot say (CHECK, triggers) is added to it by hand.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import './typescript.mjs';

const { missingMigration, MIGRATIONS } = await import('../test/support/schema-difference.ts');

const name = process.argv[2];
if (!name || !/^[a-z0-9_]+$/.test(name)) {
  console.error('Usage: node scripts/migration-new.mjs NAME, where NAME is of a-z, 0-9 and _');
  process.exit(2);
}
const sql = await missingMigration();
if (sql === null) {
  console.log('The migrations already say all that prisma/schema.prisma says.');
} else {
  const last = (await readdir(MIGRATIONS)).filter((entry) => /^\d{4}_/.test(entry)).sort().at(-1);
  const folder = new URL(`${String(Number(last?.slice(0, 4) ?? 0) + 1).padStart(4, '0')}_${name}/`, MIGRATIONS);
  await mkdir(folder);
  await writeFile(new URL('migration.sql', folder), sql);
  console.log(`Wrote ${new URL('migration.sql', folder).pathname}`);
}
