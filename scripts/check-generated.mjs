// Whether what is generated agrees with what it is generated from. Each check answers null, or what is wrong and how to mend it.
import './typescript.mjs';

async function migrations() {
  const { missingMigration } = await import('../test/support/schema-difference.ts');
  const sql = await missingMigration();
  return sql && `prisma/schema.prisma needs a migration (node scripts/migration-new.mjs NAME):\n${sql}`;
}

const problems = [];
for (const check of [migrations]) {
  const problem = await check();
  if (problem) problems.push(problem);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
