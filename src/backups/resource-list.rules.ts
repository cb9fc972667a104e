import { accounts, works } from '../common/rhacm-names.js';
import { BackupRecordMalformedError } from './backups.errors.js';
import type { BackupPart } from './backups.types.js';

/** Told of each name that a list holds under one kind; null: nobody asks for that kind. */
export type Takers = (kind: string) => ((name: string) => void) | null;

/** A namespace, a slash and a name are 507 characters at most; kinds are shorter. */
const MAX_TEXT = 600;

/** Sticky: whatever space there is at a place, also none. */
const SPACE = /[ \t\r\n]*/y;

type Expects = 'START' | 'KIND_OR_END' | 'KIND' | 'COLON' | 'LIST' | 'NAME_OR_END' | 'NAME' | 'NEXT_NAME' | 'NEXT_KIND' | 'NOTHING';

/**
 * Reads Velero's list of a backup's content as it comes in, piece by piece: one JSON object from `<apiVersion>/<Kind>` to a list of names.
 * Holds one name at most, whatever the list's length.
 *
 *   { "v1/Secret" : [ "c1/auto-import-account" , … ] , … }
 *   START  KIND  COLON LIST      NAME      NEXT_NAME  NEXT_KIND  NOTHING
 *
 * @see velero, pkg/backup, request.BackedUpItems, persisted as `<backup>-resource-list.json.gz`
 */
export class ResourceListScanner {
  private expects: Expects = 'START';
  private take: ((name: string) => void) | null = null;
  /** An unfinished string, or a piece of `null` */
  private rest = '';

  constructor(private readonly takers: Takers) {}

  /** @throws BackupRecordMalformedError */
  push(piece: string): void {
    const text = this.rest + piece;
    this.rest = '';
    for (let at = behindSpace(text, 0); at < text.length; at = behindSpace(text, at)) {
      const sign = text.charAt(at);
      if (sign === '"' || (sign === 'n' && this.expects === 'LIST')) {
        const end = sign === '"' ? endOfString(text, at) : at + 'null'.length;
        if (end === -1 || end > text.length) {
          if (text.length - at > MAX_TEXT * 6) throw new BackupRecordMalformedError('it holds a text that is too long');
          this.rest = text.slice(at);
          return;
        }
        this.word(text.slice(at, end));
        at = end;
      } else {
        this.sign(sign);
        at += 1;
      }
    }
  }

  /** @throws BackupRecordMalformedError where the list is not at its end */
  end(): void {
    if (this.expects !== 'NOTHING' || this.rest !== '') throw new BackupRecordMalformedError('it ends too early');
  }

  private word(raw: string): void {
    if (this.expects === 'KIND' || this.expects === 'KIND_OR_END') {
      this.take = this.takers(textOf(raw));
      this.expects = 'COLON';
    } else if (this.expects === 'NAME' || this.expects === 'NAME_OR_END') {
      const name = textOf(raw);
      this.take?.(name);
      this.expects = 'NEXT_NAME';
    } else if (this.expects === 'LIST' && raw === 'null') this.expects = 'NEXT_KIND';
    else throw unexpected();
  }

  private sign(sign: string): void {
    const next = NEXT[this.expects][sign];
    if (next === undefined) throw unexpected();
    this.expects = next;
  }
}

const NEXT: Record<Expects, Readonly<Record<string, Expects>>> = {
  START: { '{': 'KIND_OR_END' },
  KIND_OR_END: { '}': 'NOTHING' },
  KIND: {},
  COLON: { ':': 'LIST' },
  LIST: { '[': 'NAME_OR_END' },
  NAME_OR_END: { ']': 'NEXT_KIND' },
  NAME: {},
  NEXT_NAME: { ',': 'NAME', ']': 'NEXT_KIND' },
  NEXT_KIND: { ',': 'KIND', '}': 'NOTHING' },
  NOTHING: {},
};

const unexpected = (): BackupRecordMalformedError => new BackupRecordMalformedError('it is not JSON from kinds to lists of names');

function behindSpace(text: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** Behind the closing quote; -1: it is not there yet. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charAt(quote - 1 - slashes) === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return -1;
}

function textOf(raw: string): string {
  if (raw.length > MAX_TEXT) throw new BackupRecordMalformedError('it holds a text that is too long');
  try {
    return JSON.parse(raw) as string;
  } catch {
    // The parser's message quotes the text.
    throw unexpected();
  }
}

/** What one part of a set holds of what we look for, by cluster. */
export interface ListedContent {
  /** Names of ManagedClusters */
  readonly clusters: ReadonlySet<string>;
  /** `<cluster>/<account>` of Secrets in the credentials, of accounts in the resources */
  readonly accounts: ReadonlySet<string>;
  /** Clusters with a role binding's ManifestWork */
  readonly bindings: ReadonlySet<string>;
}

/** No hub has so many; a list that goes on is somebody's attack on our memory. */
const MAX_NAMES = 200_000;
/** RFC 1123: what Kubernetes takes as a name. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const KINDS = {
  CREDENTIALS: { accounts: /^v1\/Secret$/ },
  MANAGED_CLUSTERS: { clusters: /^cluster\.open-cluster-management\.io\/v\d[a-z0-9]*\/ManagedCluster$/ },
  RESOURCES: { accounts: /^authentication\.open-cluster-management\.io\/v\d[a-z0-9]*\/ManagedServiceAccount$/ },
  GENERIC: { bindings: /^work\.open-cluster-management\.io\/v\d[a-z0-9]*\/ManifestWork$/ },
} as const satisfies Record<BackupPart, Partial<Record<keyof ListedContent, RegExp>>>;

/** Collects from the list of one part what concerns the re-import of clusters, and nothing else. */
export class ContentCollector implements ListedContent {
  readonly clusters = new Set<string>();
  readonly accounts = new Set<string>();
  readonly bindings = new Set<string>();
  private names = 0;

  constructor(private readonly part: BackupPart) {}

  readonly takers: Takers = (kind) => {
    const kinds: Partial<Record<keyof ListedContent, RegExp>> = KINDS[this.part];
    if (kinds.clusters?.test(kind) === true) return (name) => void this.clusters.add(this.checked(name));
    if (kinds.accounts?.test(kind) === true) return (name) => this.named(name, (cluster, own) => { if (own.startsWith(accounts.autoImport)) this.accounts.add(`${cluster}/${own}`); });
    if (kinds.bindings?.test(kind) === true) return (name) => this.named(name, (cluster, own) => { if (own.startsWith(works.import)) this.bindings.add(cluster); });
    return null;
  };

  private named(full: string, take: (namespace: string, name: string) => void): void {
    const [namespace = '', name = '', ...more] = full.split('/');
    if (more.length > 0) throw new BackupRecordMalformedError('it holds a name that Kubernetes does not take');
    take(this.checked(namespace), this.checked(name));
  }

  private checked(name: string): string {
    this.names += 1;
    if (this.names > 2 * MAX_NAMES) throw new BackupRecordMalformedError(`it holds over ${MAX_NAMES} names of one kind`);
    if (!NAME.test(name)) throw new BackupRecordMalformedError('it holds a name that Kubernetes does not take');
    return name;
  }
}
