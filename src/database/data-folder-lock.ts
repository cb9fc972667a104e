import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { DataFolderInUseError } from './database.errors.js';

/** A file that names the process which uses a data folder. One left by a process that is gone is taken over. */
export class DataFolderLock {
  private constructor(private readonly path: string) {}

  /** @throws DataFolderInUseError while the process that it names lives */
  static async take(path: string): Promise<DataFolderLock> {
    const mine = `${process.pid} ${startOf(process.pid)}\n`;
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        await writeFile(path, mine, { flag: 'wx', mode: 0o600 });
        return new DataFolderLock(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      }
      const [pid = NaN, start] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ').map(Number);
      if (pid > 0 && isAlive(pid) && startOf(pid) === start) throw new DataFolderInUseError(path, pid);
      await rm(path, { force: true });
    }
    throw new DataFolderInUseError(path, null);
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Whether there is a process of that number; one that ended, and whose parent has not asked how, is none. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return statusOf(pid)?.[0] !== 'Z';
}

/** The command line of a process; null where the system does not tell. */
export function processCommand(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // No /proc here (macOS), or the process just ended: ps knows
    const { status, stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return status === 0 ? stdout : null;
  }
}

/** Distinguishes a process from a later one of the same number: clock ticks since boot, as Linux counts; 0 where unknown. */
function startOf(pid: number): number {
  return Number(statusOf(pid)?.[19] ?? 0);
}

/** The fields of /proc/<pid>/stat from the state on; null where the system has no /proc. */
function statusOf(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null; // no /proc (macOS), or the process just ended: the number alone must do
  }
}
