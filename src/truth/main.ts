import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { migrate } from '../database/migrate.js';
import { missInWords, Tally } from './tally.js';
import type { TruthRun } from './truth-run.js';
import { randomWorld } from './world-plan.js';
import type { WorldsAnswer, WorldsQuestion } from './worlds.process.js';

const USAGE = `npm run truth -- [--worlds N] [--from K] [--seed S] [--only K] [--processes P]
  --worlds N      worlds 1 to N, default 200
  --from K        no world before K: goes on where a run was ended
  --seed S        other worlds, default 1
  --only K        world K alone, with its plan and all that was foretold and came
  --processes P   worlds are played in so many processes, default 2`;

/** How often it is told how far it has come, in real milliseconds. */
const PROGRESS_MS = 10_000;
/** A process plays so many worlds and is then replaced, so that nothing that it keeps adds up. */
const WORLDS_A_PROCESS = 100;

interface Options {
  readonly worlds: number;
  readonly from: number;
  readonly seed: number;
  readonly only: number | null;
  readonly processes: number;
}

function optionsOf(): Options | null {
  const { values } = parseArgs({
    options: {
      worlds: { type: 'string', default: '200' }, from: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, only: { type: 'string' }, processes: { type: 'string', default: '2' }, help: { type: 'boolean', default: false },
    },
  });
  const options = { worlds: Number(values.worlds), from: Number(values.from), seed: Number(values.seed), only: values.only === undefined ? null : Number(values.only), processes: Number(values.processes) };
  const whole = [options.worlds, options.from, options.seed, options.only ?? 1, options.processes].every((value) => Number.isInteger(value) && value >= 0);
  if (values.help || !whole || options.from < 1 || options.worlds < options.from || options.processes < 1 || options.processes > 32) {
    process.stdout.write(`${USAGE}\n`);
    if (!values.help) process.exitCode = 1;
    return null;
  }
  return options;
}

async function main(): Promise<void> {
  const options = optionsOf();
  if (options === null) return;
  const { seed, only, from } = options;
  const numbers = only === null ? Array.from({ length: options.worlds - from + 1 }, (_, index) => from + index) : [only];
  process.stdout.write(`seed ${seed}, ${only === null ? `worlds ${from} to ${options.worlds}` : `world ${only}`}\n`);
  const postgres = await startEmbeddedPostgres();
  const tally = new Tally();
  const begun = performance.now();
  const progress = new Progress(tally, numbers.length, begun);
  try {
    await migrate(postgres.url);
    await playAll(postgres.url, seed, numbers, options.processes, (answer) => {
      const misses = 'broken' in answer ? tally.addBroken(randomWorld(seed, answer.number).name, only === null ? (answer.broken.split('\n', 1)[0] ?? '') : answer.broken) : tally.add(answer.run);
      if (only !== null && !('broken' in answer)) tellAll(answer.run);
      for (const miss of misses) process.stdout.write(`  ${missInWords(miss)}\n`);
      if (misses.length > 0 && only === null) process.stdout.write(`    again: npm run truth -- --seed ${seed} --only ${answer.number}\n`);
      progress.tell();
    });
  } finally {
    await postgres.stop();
  }
  process.stdout.write(tally.report());
  process.stdout.write(`${tally.passed ? 'Every prediction was borne out' : 'Predictions and truth differ: play one world again with --only'} (${Math.round((performance.now() - begun) / 1000)} s)\n`);
  process.exitCode = tally.passed ? 0 : 1;
}

/** A line now and then while worlds are played. */
class Progress {
  private toldAt: number;

  constructor(
    private readonly tally: Tally,
    private readonly planned: number,
    private readonly begun: number,
  ) {
    this.toldAt = begun;
  }

  tell(): void {
    const now = performance.now();
    if (now - this.toldAt < PROGRESS_MS) return;
    this.toldAt = now;
    const { played } = this.tally;
    const seconds = (now - this.begun) / 1000;
    const counts = `false READY ${this.tally.count('FALSE_READY')}, false NOT_READY ${this.tally.count('FALSE_NOT_READY')}, wrong reason ${this.tally.count('WRONG_REASON')}, others ${this.tally.others}`;
    process.stdout.write(`  ${played} of ${this.planned} worlds, ${counts}, ${(played / seconds).toFixed(2)} worlds/s, ${Math.round(seconds)} s\n`);
  }
}

/** Chunk after chunk, in so many processes at once. */
async function playAll(databaseUrl: string, seed: number, numbers: readonly number[], processes: number, onAnswer: (answer: WorldsAnswer) => void): Promise<void> {
  const chunks: number[][] = [];
  for (let from = 0; from < numbers.length; from += WORLDS_A_PROCESS) chunks.push(numbers.slice(from, from + WORLDS_A_PROCESS));
  const lane = async (): Promise<void> => {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) await playChunk({ databaseUrl, seed, numbers: chunk }, onAnswer);
  };
  await Promise.all(Array.from({ length: processes }, lane));
}

async function playChunk(question: WorldsQuestion, onAnswer: (answer: WorldsAnswer) => void): Promise<void> {
  const child = fork(fileURLToPath(new URL('./worlds.process.js', import.meta.url)), [], { execArgv: ['--enable-source-maps'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const open = new Set(question.numbers);
  child.on('message', (answer: WorldsAnswer) => {
    open.delete(answer.number);
    onAnswer(answer);
  });
  child.send(question);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  for (const number of open) onAnswer({ number, broken: `The process that played it ended (${signal ?? code})` });
}

/** Of one world: its plan, and each cluster with all that is known of it. */
function tellAll(run: TruthRun): void {
  process.stdout.write(`${JSON.stringify(run.plan, null, 1)}\n${run.status} ${run.problem ?? ''} ${run.why}; blocked by ${run.blockedBy.join(', ') || 'nothing'}\n`);
  for (const one of run.cases) process.stdout.write(`${JSON.stringify(one)}\n`);
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`The worlds could not be played: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
