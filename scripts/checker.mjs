// Checks that the watching of hubs leaves no gap, on as many random schedules of changes and faults as are asked for (test/checker).
//   npm run checker -- --schedules 1000 --seed 7 [--lanes 6] [--path P: only that counterexample, as printed]
//   npm run checker -- --real ...: on a real kube-apiserver and etcd, one schedule after another
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '1000' }, seed: { type: 'string' }, lanes: { type: 'string' }, path: { type: 'string' }, real: { type: 'boolean', default: false } } });
const env = {
  CHECKER_SCHEDULES: values.schedules,
  CHECKER_SEED: values.seed ?? String(randomInt(2 ** 31)),
  ...(values.lanes === undefined ? {} : { CHECKER_LANES: values.lanes }),
  ...(values.path === undefined ? {} : { CHECKER_PATH: values.path }),
};
const simulated = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', 'test/checker/watch-checker', '--silent=false'];
const { status } = spawnSync(
  process.execPath,
  values.real ? ['scripts/test-kube.mjs', 'checker'] : simulated,
  { cwd: new URL('..', import.meta.url).pathname, stdio: 'inherit', env: { ...process.env, ...env } },
);
process.exit(status ?? 1);
