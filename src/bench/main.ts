import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kubeAssetsDir } from '../simulator/real/kube-apiserver.js';
import type { Benchmark, Measured } from './bench.types.js';
import type { ExplainedStatement } from './statements.js';
import { firstSyncBench } from './first-sync.bench.js';
import { importBench, importKubeBench } from './import.bench.js';
import { labelBench } from './label.bench.js';
import { protectBench, protectKubeBench } from './protect.bench.js';
import { readinessBench } from './readiness.bench.js';
import { explained, inWords, machine, table, type Report } from './report.js';
import { scanBench } from './scan.bench.js';
import { steadyBench } from './steady.bench.js';

const BENCHMARKS: readonly Benchmark[] = [labelBench, protectBench, importBench, firstSyncBench, steadyBench, readinessBench, scanBench, protectKubeBench, importKubeBench];

const MOST = 200_000;

const USAGE = `npm run bench -- [--clusters N] [--only NAME]... [--minutes N] [--kube] [--json FILE] [--profile DIR]
  --clusters N   managed clusters of a hub, default 1000; first-sync has its own number; readiness and scan: of the
                 whole fleet, default 100000 and 70000
  --only NAME    one benchmark: ${BENCHMARKS.map(({ name }) => name).join(', ')}
  --minutes N    how long steady lasts, default 1
  --kube         also on real kube-apiservers, whose binaries are in KUBEBUILDER_ASSETS or where npm run test:kube puts them
  --json FILE    writes all figures there, instead of to the screen
  --profile DIR  the measured service leaves CPU profiles there`;

function chosen(only: readonly string[], kube: boolean): readonly Benchmark[] {
  const unknown = only.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) throw new Error(`There is no benchmark ${unknown}\n${USAGE}`);
  const named = BENCHMARKS.filter(({ name, kube: needsKube }) => (only.length === 0 ? !needsKube || kube : only.includes(name)));
  if (!named.some((benchmark) => benchmark.kube) || existsSync(join(kubeAssetsDir(), 'kube-apiserver'))) return named;
  process.stderr.write('There is no kube-apiserver here (npm run test:kube builds one): what needs it is left out\n');
  return named.filter((benchmark) => !benchmark.kube);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      clusters: { type: 'string' }, only: { type: 'string', multiple: true, default: [] }, kube: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '1' },
      json: { type: 'string' }, profile: { type: 'string' }, help: { type: 'boolean', default: false },
    },
  });
  const clusters = Number(values.clusters ?? 1_000);
  const minutes = Number(values.minutes);
  if (values.help || !Number.isInteger(clusters) || clusters < 1 || clusters > MOST || !(minutes > 0)) {
    process.stdout.write(`${USAGE}\n`);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const report = { at: new Date().toISOString(), machine: machine(), clusters };
  process.stdout.write(`${inWords(report.machine)}\n`);
  const benchmarks: Measured[] = [];
  for (const { name, title, run, clusters: own } of chosen(values.only, values.kube)) {
    const slowest: ExplainedStatement[] = [];
    const say = (what: string) => process.stderr.write(`  ${name}: ${what}\n`);
    const loadBefore = loadavg()[0] ?? 0;
    const measured = { benchmark: name, title, loadBefore, figures: await run({ clusters: values.clusters === undefined ? (own ?? clusters) : clusters, minutes, say, explain: (one) => slowest.push(one), ...(values.profile === undefined ? {} : { profileDir: values.profile }) }), slowest };
    process.stdout.write(`${table(measured)}${slowest.map(explained).join('')}`);
    benchmarks.push(measured);
  }
  const json = JSON.stringify({ ...report, benchmarks } satisfies Report, null, 2);
  if (values.json === undefined) process.stdout.write(`\n${json}\n`);
  else await writeFile(values.json, `${json}\n`);
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`The benchmark failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
