import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../demo/api-client.js';
import type { ProcessFigures } from './bench.types.js';
import type { ServiceAnswer, ServiceQuestion } from './service.process.js';

/** The flags of `npm start` and of the container image. */
const AS_STARTED = ['--max-semi-space-size=8', '--enable-source-maps'];

/** A service in a process of its own, with its own embedded PostgreSQL, so that nobody else's CPU time and memory count as its. */
export class MeasuredService {
  private asking: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly child: ChildProcess,
    private readonly dataDir: string,
    /** The public API, as the first administrator */
    readonly api: ApiClient,
  ) {}

  /** @param settings variables of the environment beside those that a benchmark needs */
  static async start({ profileDir, settings = {} }: { profileDir?: string; settings?: Readonly<Record<string, string>> } = {}): Promise<MeasuredService> {
    const dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-bench-'));
    const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    const child = fork(fileURLToPath(new URL('./service.process.js', import.meta.url)), [], {
      execArgv: [...AS_STARTED, '--expose-gc', ...profiling],
      env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', LIFEBOAT_DATA_DIR: dataDir, LIFEBOAT_ALLOW_LOOPBACK_HUBS: 'true', PORT: '0', ...settings },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const told = await answerOf<{ url: string; key: string }>(child);
    return new MeasuredService(child, dataDir, new ApiClient(`${told.url}/api/v1`, told.key));
  }

  /** From now on peak memory and CPU time are counted; garbage is collected first. */
  async mark(): Promise<void> {
    await this.ask<'done'>('mark');
  }

  figures(): Promise<ProcessFigures> {
    return this.ask<ProcessFigures>('figures');
  }

  /** Resolves when the service uses no CPU to speak of any more, or after a minute. */
  async idle(): Promise<void> {
    let before = (await this.figures()).cpuMs;
    for (let quiet = 0, look = 0; quiet < 3 && look < 120; look++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { cpuMs } = await this.figures();
      quiet = cpuMs - before < 50 ? quiet + 1 : 0;
      before = cpuMs;
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    if (this.child.connected) await this.ask<'done'>('stop');
    await ended;
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** One question at a time: answers do not say what they answer. */
  private ask<T extends ServiceAnswer>(question: ServiceQuestion): Promise<T> {
    const answered = this.asking.then(() => {
      const answer = answerOf<T>(this.child);
      this.child.send(question);
      return answer;
    });
    this.asking = answered.catch(() => undefined);
    return answered;
  }
}

/** The next message of a forked process. @throws Error where it ends instead */
export async function answerOf<T>(child: ChildProcess): Promise<T> {
  const controller = new AbortController();
  try {
    const answer = once(child, 'message', controller) as Promise<[T]>;
    const end = once(child, 'exit', controller).then(([code, signal]) => {
      throw new Error(`A measured process ended (${String(signal ?? code)})`);
    });
    const [told] = await Promise.race([answer, end]);
    return told;
  } finally {
    controller.abort();
  }
}
