import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';

/** A PostgreSQL that can be killed, and comes back with its data at the same port. */
export class MortalPostgres {
  private constructor(
    private readonly folder: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<MortalPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-mortal-'));
    const server = await startEmbeddedPostgres({ dataDir: folder });
    await migrate(server.url);
    return new MortalPostgres(folder, server);
  }

  get url(): string {
    return this.server.url;
  }

  /** As when its machine loses power: nothing is said to anybody. */
  async kill(): Promise<void> {
    process.kill(this.server.pid, 'SIGKILL');
    await this.server.exited;
  }

  async restart(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataDir: this.folder, port: this.server.port });
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
