import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { freePorts } from '../../common/free-ports.js';
import { Secret } from '../../common/secret.js';
import { HubClient, type HubConnection } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { smallCrds } from './small-crds.js';

const START_LIMIT_MS = 120_000;

const runFile = promisify(execFile);

const customResourceDefinition: ResourceType = {
  group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false,
};

export interface RealKubeApiserverOptions {
  /** Folder of CRDs in YAML; default: HUB_CRD_DIR, else this project's small ones */
  readonly crdDir?: string;
  /** More flags for kube-apiserver, e.g. `--max-requests-inflight=4` */
  readonly flags?: readonly string[];
}

/** One line of the audit log, as far as tests look at it. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username?: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string; readonly apiGroup?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  /** When the answer was complete */
  readonly stageTimestamp: string;
}

/** Where the binaries are: KUBEBUILDER_ASSETS, else the cache that `scripts/test-kube.mjs` fills. */
export function kubeAssetsDir(): string {
  return process.env['KUBEBUILDER_ASSETS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lifeboat', 'kube-1.34.4');
}

/** Runs a program that dies with us however we die: a watcher kills it when its standard input, our pipe, closes. Its id goes to the file `$0`. */
const DIES_WITH_US = 'exec 3<&0; "$@" 3<&- & pid=$!; echo $pid > "$0"; (cat <&3 >/dev/null; kill -9 $pid 2>/dev/null) & exec 3<&-; wait $pid';

const pidPathOf = (logPath: string): string => logPath.replace(/\.log$/, '.pid');

class Program {
  private constructor(private readonly child: ChildProcess, readonly logPath: string) {}

  static start(path: string, args: readonly string[], logPath: string): Program {
    const child = spawn('/bin/sh', ['-c', DIES_WITH_US, pidPathOf(logPath), path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const log = createWriteStream(logPath);
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    child.stdin?.on('error', () => undefined); // it died before we closed the pipe
    return new Program(child, logPath);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(), signal);
  }

  /** Resolves when the program does stand still. */
  async freeze(): Promise<void> {
    await this.signal('SIGSTOP');
    const pid = await this.pid();
    await until(`${pid} stands still`, async () => (await runFile('ps', ['-o', 'state=', '-p', String(pid)])).stdout.trim().startsWith('T'), [this]);
  }

  private async pid(): Promise<number> {
    return Number(await readFile(pidPathOf(this.logPath), 'utf8'));
  }

  async stop(): Promise<void> {
    const ended = this.hasEnded ? Promise.resolve() : once(this.child, 'exit');
    this.child.stdin?.end();
    await ended;
  }
}

async function until(what: string, holds: () => Promise<boolean>, programs: readonly Program[] = []): Promise<void> {
  const endAt = performance.now() + START_LIMIT_MS;
  while (!(await holds())) {
    const ended = programs.find((program) => program.hasEnded);
    if (ended !== undefined || performance.now() > endAt) {
      const logs = await Promise.all(programs.map(async (program) => (await readFile(program.logPath, 'utf8')).slice(-2000)));
      throw new Error(`${what}: ${ended === undefined ? 'took too long' : 'a program ended'}\n${logs.join('\n')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // not up yet
  }
}

/** A real etcd and kube-apiserver on this machine, with an empty store, RBAC and an audit log. No controller runs: nothing collects garbage. */
export class RealKubeApiserver {
  readonly adminToken = randomBytes(24).toString('hex');
  /** A user with no rights but the right to ask for its rights */
  readonly weakToken = randomBytes(24).toString('hex');
  caPem = '';
  private etcd: Program | undefined;
  private apiserver: Program | undefined;

  private constructor(
    private readonly dataDir: string,
    private readonly etcdUrl: string,
    private readonly etcdPeerUrl: string,
    private readonly port: number,
    private readonly flags: readonly string[],
  ) {}

  static async start(options: RealKubeApiserverOptions = {}): Promise<RealKubeApiserver> {
    const dataDir = await mkdtemp(join(tmpdir(), 'lifeboat-kube-'));
    const [clientPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    const server = new RealKubeApiserver(dataDir, `http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`, port, options.flags ?? []);
    try {
      await server.launch();
      await server.installCrds(options.crdDir ?? process.env['HUB_CRD_DIR']);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  connection(token = this.adminToken): HubConnection {
    return { server: this.url, caPem: this.caPem, auth: { type: 'token', token: new Secret(token) } };
  }

  private async launch(): Promise<void> {
    await this.writeFiles();
    await this.launchBoth();
  }

  private async launchBoth(): Promise<void> {
    const { dataDir, etcdUrl, etcdPeerUrl } = this;
    this.etcd = Program.start(join(kubeAssetsDir(), 'etcd'), [
      // As OpenShift and kubeadm run it: without, an API server sends no bookmark about a quiet kind.
      '--watch-progress-notify-interval=5s',
      '--name', 'default', '--data-dir', this.etcdDir, '--unsafe-no-fsync', '--log-level', 'error',
      '--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl,
      '--listen-peer-urls', etcdPeerUrl, '--initial-advertise-peer-urls', etcdPeerUrl, '--initial-cluster', `default=${etcdPeerUrl}`,
    ], join(dataDir, 'etcd.log'));
    await until('etcd', () => answersOk(`${etcdUrl}/health`), [this.etcd]);
    await this.launchApiserver();
  }

  private async launchApiserver(): Promise<void> {
    const { dataDir } = this;
    const key = join(dataDir, 'service-account.key');
    this.apiserver = Program.start(join(kubeAssetsDir(), 'kube-apiserver'), [
      `--etcd-servers=${this.etcdUrl}`, '--bind-address=127.0.0.1', `--secure-port=${this.port}`, `--cert-dir=${join(dataDir, 'certs')}`,
      '--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`,
      '--service-cluster-ip-range=10.0.0.0/24', `--token-auth-file=${join(dataDir, 'tokens.csv')}`, '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount', '--anonymous-auth=true',
      `--audit-policy-file=${join(dataDir, 'audit-policy.yaml')}`, `--audit-log-path=${this.auditLogPath}`, ...this.flags,
    ], join(dataDir, 'kube-apiserver.log'));
    const certificate = join(dataDir, 'certs', 'apiserver.crt');
    await until('kube-apiserver', async () => {
      if (!existsSync(certificate)) return false;
      // Its self-made certificate comes with the authority that signed it.
      this.caPem = await readFile(certificate, 'utf8');
      return this.isReady();
    }, [this.apiserver]);
  }

  private async isReady(): Promise<boolean> {
    const client = new HubClient(this.connection(), { allowLoopback: true });
    try {
      // Served by the last of its start hooks: roles are there, so that RBAC answers as it will later.
      await client.get({ group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles', kind: 'ClusterRole', namespaced: false }, { name: 'system:basic-user' });
      return await this.readyz();
    } catch (error) {
      if (isKubeError(error)) return false;
      throw error;
    } finally {
      await client.close();
    }
  }

  private async readyz(): Promise<boolean> {
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({ connect: { ca: this.caPem } });
    try {
      const answer = await request(`${this.url}/readyz`, { dispatcher, headers: { authorization: `Bearer ${this.adminToken}` } });
      await answer.body.dump();
      return answer.statusCode === 200;
    } finally {
      await dispatcher.close();
    }
  }

  get auditLogPath(): string {
    return join(this.dataDir, 'audit.log');
  }

  private async writeFiles(): Promise<void> {
    await mkdir(join(this.dataDir, 'certs'));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
    await writeFile(join(this.dataDir, 'service-account.key'), privateKey, { mode: 0o600 });
    await writeFile(join(this.dataDir, 'tokens.csv'), `${this.adminToken},admin,admin,"system:masters"\n${this.weakToken},weak,weak,"weak"\n`, { mode: 0o600 });
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived', 'ResponseStarted'], rules: [{ level: 'Metadata' }] };
    await writeFile(join(this.dataDir, 'audit-policy.yaml'), JSON.stringify(policy));
    await writeFile(this.auditLogPath, '');
  }

  private async installCrds(crdDir: string | undefined): Promise<void> {
    const client = new HubClient(this.connection(), { allowLoopback: true });
    try {
      const definitions = crdDir === undefined ? smallCrds : await readCrds(crdDir);
      await Promise.all(definitions.map((definition) => client.create(customResourceDefinition, definition, { deadlineMs: 60_000 })));
      for (const definition of definitions) await until(definition.metadata.name, () => isServed(client, definition));
    } finally {
      await client.close();
    }
  }

  /** Every request that the server has answered, oldest first. */
  async auditEvents(): Promise<AuditEvent[]> {
    const lines = (await readFile(this.auditLogPath, 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
  }

  /** Forgets all history, so that every older resourceVersion is gone (410). */
  async compact(): Promise<void> {
    const post = async (path: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(`${this.etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`etcd: ${path}: HTTP ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
    // Compacting keeps the newest revision itself, which may be a list's: write one more, outside of what kube-apiserver reads.
    const bytes = Buffer.from('lifeboat/compaction').toString('base64');
    const { header } = (await post('/v3/kv/put', { key: bytes, value: bytes })) as { header: { revision: string } };
    await post('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  /** Stops kube-apiserver at once and starts it again on the same store and port. */
  async restart(): Promise<void> {
    await this.apiserver?.stop();
    await this.launchApiserver();
  }

  /** Keeps etcd's content of now for setBack(): what its disk would hold if it were killed now. It stands still for the copy. */
  async checkpoint(): Promise<void> {
    await rm(this.checkpointDir, { recursive: true, force: true });
    await this.etcd?.freeze();
    try {
      await cp(this.etcdDir, this.checkpointDir, { recursive: true });
    } finally {
      await this.etcd?.signal('SIGCONT');
    }
  }

  /** etcd is restored from the checkpoint, as from a backup: objects and resourceVersions go back. */
  async setBack(): Promise<void> {
    await this.stopBoth();
    await rm(this.etcdDir, { recursive: true });
    await cp(this.checkpointDir, this.etcdDir, { recursive: true });
    await this.launchBoth();
  }

  private get etcdDir(): string {
    return join(this.dataDir, 'etcd');
  }

  private get checkpointDir(): string {
    return join(this.dataDir, 'checkpoint');
  }

  private async stopBoth(): Promise<void> {
    await this.apiserver?.stop();
    await this.etcd?.stop();
  }

  /** Stands still, as a machine that hangs: connections stay, new ones are taken, and nothing is answered. */
  async freeze(): Promise<void> {
    await Promise.all([this.apiserver?.freeze(), this.etcd?.freeze()]);
  }

  /** Goes on where it stood still. */
  async thaw(): Promise<void> {
    await Promise.all([this.etcd?.signal('SIGCONT'), this.apiserver?.signal('SIGCONT')]);
  }

  async stop(): Promise<void> {
    await this.stopBoth();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

async function readCrds(crdDir: string): Promise<KubeObject[]> {
  const files = (await readdir(crdDir)).filter((file) => /\.ya?ml$/.test(file)).sort();
  const definitions = await Promise.all(files.map(async (file) => parse(await readFile(join(crdDir, file), 'utf8')) as KubeObject));
  return definitions.filter(({ kind }) => kind === 'CustomResourceDefinition');
}

interface CrdSpec {
  readonly group: string;
  readonly names: { readonly plural: string; readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean }[];
}

async function isServed(client: HubClient, definition: KubeObject): Promise<boolean> {
  const { group, names, versions } = definition.spec as CrdSpec;
  const version = versions.find(({ served }) => served)?.name ?? '';
  const type: ResourceType = { group, version, plural: names.plural, kind: names.kind, namespaced: false };
  if (!(await client.serves(type))) return false;
  try {
    await client.list(type, { limit: 1 });
    return true;
  } catch (error) {
    if (isKubeError(error, 'KUBE_NOT_FOUND', 'HUB_BUSY_THROTTLED', 'HUB_SERVER_ERROR')) return false; // listed in discovery, handler not ready
    throw error;
  }
}
