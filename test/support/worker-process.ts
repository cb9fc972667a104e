import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../..', import.meta.url).pathname;
const OUT = join(ROOT, 'node_modules/.cache/lifeboat-workers');

let compiled = false;

/** Tests run TypeScript in Jest; other processes need it compiled. */
function compile(): void {
  if (compiled) return;
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, 'package.json'), '{"type":"module"}');
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules/@swc/cli/bin/swc.js'), 'src', 'test/support', '-d', OUT, '-q'], { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The worker cannot be compiled: ${stderr}`);
  compiled = true;
}

/** A program of test/support in a process of its own. */
export class WorkerProcess {
  private output = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  static start(program: string, env: Record<string, string>): WorkerProcess {
    compile();
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    return new WorkerProcess(spawn(process.execPath, [join(OUT, 'test/support', `${program}.js`)], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get said(): string {
    return this.output;
  }

  /** Stops it as a paused machine would stand still. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.exited;
  }
}
