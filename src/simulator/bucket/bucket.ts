/**
 * The object store that hubs share through their BackupStorageLocations: what Velero keeps of each finished backup, and its signed
 * download URLs over real HTTP or HTTPS on loopback. It survives every hub.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../common/clock.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { TlsAuthority } from '../server/tls-authority.js';

export interface StoredBackup {
  readonly name: string;
  /** The Backup as it stood when it was done: what a sync writes on the other hubs */
  readonly backup: KubeObject;
  /** Everything that is in it, as it stood when the backup was taken */
  readonly items: readonly KubeObject[];
}

export interface BucketOptions {
  readonly clock: Clock;
  /** Default `acm-backups` */
  readonly name?: string;
  /** Default `velero` */
  readonly prefix?: string;
  /** Serve HTTPS under a certificate of its own authority. Default false: HTTP */
  readonly tls?: boolean;
}

export interface BucketEvent {
  /** `captured`: its content is fixed, though it is not finished yet */
  readonly type: 'captured' | 'stored' | 'deleted';
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** How long a signed URL is good for, in seconds. */
const SIGNED_SECONDS = 600;

const byName = (a: StoredBackup, b: StoredBackup): number => (a.name < b.name ? -1 : 1);

/** `<apiVersion>/<Kind>` to a sorted list of what is inside, as Velero keeps it: namespaced things as `namespace/name`. */
export function resourceListOf(items: readonly KubeObject[]): Record<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const { apiVersion, kind, metadata } of items) {
    const key = `${apiVersion}/${kind}`;
    const names = kinds.get(key) ?? [];
    names.push(metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`);
    kinds.set(key, names);
  }
  return Object.fromEntries([...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, names]) => [key, names.sort()]));
}

export class Bucket {
  private readonly backups = new Map<string, StoredBackup>();
  private readonly results = new Map<string, unknown>();
  private readonly faults = new Map<string, (response: ServerResponse) => void>();
  private readonly listeners = new Set<(event: BucketEvent) => void>();
  private readonly key = randomBytes(32);

  private constructor(
    private readonly clock: Clock,
    readonly name: string,
    readonly prefix: string,
    private readonly server: Server,
    /** Where it answers, e.g. `http://127.0.0.1:41234`: the location's `s3Url` */
    readonly url: string,
    /** The authority of its certificate; null where it speaks HTTP */
    readonly caPem: string | null,
  ) {}

  static async start(options: BucketOptions): Promise<Bucket> {
    const { clock, name = 'acm-backups', prefix = 'velero', tls = false } = options;
    const authority = tls ? await TlsAuthority.create('object store') : null;
    const serving = authority ? await authority.issueServing() : null;
    let bucket: Bucket | null = null;
    const answer = (request: IncomingMessage, response: ServerResponse): void => bucket?.answer(request, response);
    const server = serving ? createHttpsServer({ cert: serving.certPem, key: serving.keyPem }, answer) : createHttpServer(answer);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    bucket = new Bucket(clock, name, prefix, server, `${serving ? 'https' : 'http'}://127.0.0.1:${port}`, authority?.certPem ?? null);
    return bucket;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Backups that are done, oldest name first. */
  list(): StoredBackup[] {
    return [...this.backups.values()].sort(byName);
  }

  get(name: string): StoredBackup | undefined {
    return this.backups.get(name);
  }

  put(stored: StoredBackup): void {
    this.backups.set(stored.name, stored);
    this.tell('stored', stored.backup);
  }

  delete(name: string): void {
    const stored = this.backups.get(name);
    this.backups.delete(name);
    if (stored) this.tell('deleted', stored.backup);
  }

  /** Warnings and errors of one Velero Restore. */
  putRestoreResults(restore: string, results: unknown): void {
    this.results.set(restore, results);
  }

  /** Answers every request for files of that backup with this; null: as it should be. */
  misbehave(backup: string, answer: ((response: ServerResponse) => void) | null): void {
    if (answer === null) this.faults.delete(backup);
    else this.faults.set(backup, answer);
  }

  /** Says that the content of a backup that is still being taken is fixed. */
  announceCapture(backup: KubeObject): void {
    this.tell('captured', backup);
  }

  /** @returns how to stop it */
  onEvent(listener: (event: BucketEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A URL that gives one object for ten minutes, whoever asks. */
  sign(kind: string, name: string): { url: string; expiresAt: Date } {
    const path = this.pathOf(kind, name);
    const now = this.clock.now();
    const date = `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `simulator/${date.slice(0, 8)}/us-east-1/s3/aws4_request`,
      'X-Amz-Date': date,
      'X-Amz-Expires': String(SIGNED_SECONDS),
      'X-Amz-SignedHeaders': 'host',
      'x-id': 'GetObject',
      'X-Amz-Signature': this.signature(path, date),
    });
    return { url: `${this.url}${path}?${query.toString()}`, expiresAt: new Date(now.getTime() + SIGNED_SECONDS * 1000) };
  }

  private pathOf(kind: string, name: string): string {
    const file = kind.startsWith('Restore') ? `restores/${name}/restore-${name}` : `backups/${name}/${name}`;
    return `/${this.name}/${this.prefix}/${file}${SUFFIXES[kind] ?? `-${kind.toLowerCase()}.gz`}`;
  }

  private signature(path: string, date: string): string {
    return createHmac('sha256', this.key).update(`GET\n${path}\n${date}`).digest('hex');
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    const date = url.searchParams.get('X-Amz-Date') ?? '';
    const given = Buffer.from(url.searchParams.get('X-Amz-Signature') ?? '');
    const expected = Buffer.from(this.signature(url.pathname, date));
    if (request.method !== 'GET' || given.length !== expected.length || !timingSafeEqual(given, expected)) return refuse(response, 403, 'SignatureDoesNotMatch');
    const signedAt = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (this.clock.now().getTime() > signedAt + SIGNED_SECONDS * 1000) return refuse(response, 403, 'AccessDenied');
    const fault = this.faults.get(/\/backups\/([^/]+)\//.exec(url.pathname)?.[1] ?? '');
    if (fault) return fault(response);
    const body = this.contentOf(decodeURIComponent(url.pathname));
    if (body === undefined) return refuse(response, 404, 'NoSuchKey');
    const bytes = gzipSync(JSON.stringify(body));
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length, 'accept-ranges': 'bytes' }).end(bytes);
  }

  private contentOf(path: string): unknown {
    const base = `/${this.name}/${this.prefix}/`;
    const backup = /^backups\/([^/]+)\/\1-resource-list\.json\.gz$/.exec(path.slice(base.length))?.[1];
    if (backup !== undefined) {
      const stored = this.backups.get(backup);
      return stored && resourceListOf(stored.items);
    }
    const restore = /^restores\/([^/]+)\/restore-\1-results\.gz$/.exec(path.slice(base.length))?.[1];
    return restore === undefined ? undefined : this.results.get(restore);
  }

  private tell(type: BucketEvent['type'], { metadata }: KubeObject): void {
    for (const listener of this.listeners) listener({ type, name: metadata.name, labels: metadata.labels ?? {} });
  }
}

const SUFFIXES: Readonly<Record<string, string>> = { BackupResourceList: '-resource-list.json.gz', RestoreResults: '-results.gz', BackupLog: '-logs.gz', BackupContents: '.tar.gz' };

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`);
}
