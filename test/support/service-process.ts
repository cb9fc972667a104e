import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';

const ROOT = new URL('../..', import.meta.url).pathname;
const PROGRAM = new URL('service-program.ts', import.meta.url).pathname;
const START_LIMIT_MS = 120_000;

/** The whole service in a process of its own: what it prints is all that it logs, and its clock can be moved. */
export class ServiceProcess {
  private output = '';
  /** Settles when it has ended, whoever ended it */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = once(child, 'exit').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
  }

  /**
   * @param env settings of the service, its database among them
   * @throws Error with what it printed, where it does not start
   */
  static async start(env: Readonly<Record<string, string>>): Promise<RunningServiceProcess> {
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    const child = fork(PROGRAM, [], {
      cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: ['--import', `${ROOT}scripts/typescript.mjs`, '--enable-source-maps'], env: { ...inherited, PORT: '0', ...env },
    });
    const started = new ServiceProcess(child);
    const signal = AbortSignal.timeout(START_LIMIT_MS);
    const told = await Promise.race([once(child, 'message', { signal }).then(([message]) => message as { url: string; firstAdminKey: string | null }), started.exited.then(() => null)]);
    if (told === null) throw new Error(`The service did not start:\n${started.output}`);
    return Object.assign(started, told);
  }

  /** Everything that it has printed. */
  get printed(): string {
    return this.output;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when its clock has moved. */
  async advance(moveMs: number): Promise<void> {
    const messages = on(this.child, 'message');
    this.child.send({ moveMs });
    await messages.next();
    await messages.return?.();
  }

  async close(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGTERM');
    await this.exited;
  }
}

export type RunningServiceProcess = ServiceProcess & { readonly url: string; readonly firstAdminKey: string | null };
