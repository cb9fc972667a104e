// Whether what is generated agrees with what it is generated from. Each check answers null, or what is wrong and how to mend it.
import { existsSync, readFileSync } from 'node:fs';
import './typescript.mjs';

async function migrations() {
  const { missingMigration } = await import('../test/support/schema-difference.ts');
  const sql = await missingMigration();
  return sql && `prisma/schema.prisma needs a migration (node scripts/migration-new.mjs NAME):\n${sql}`;
}

async function doors() {
  await import('reflect-metadata');
  const { describeDoors } = await import('../src/doors.ts');
  const stale = Object.entries(await describeDoors()).filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
  return stale.length === 0 ? null : `${stale.map(([path]) => path).join(' and ')}: not what the code says (npm run openapi)`;
}

const problems = [];
for (const check of [migrations, doors]) {
  const problem = await check();
  if (problem) problems.push(problem);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
