import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject, ResourceType } from '../kube/kube.types.js';

export interface InformerChange {
  readonly type: 'UPSERT' | 'DELETE';
  readonly object: KubeObject;
  /** What the informer knew before; absent for a new object */
  readonly previous?: KubeObject;
}

export type InformerHandler = (change: InformerChange) => void;

export interface InformerOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Told of each failed list or watch; the informer goes on by itself */
  readonly onError?: (error: unknown) => void;
}

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 5_000;
/** A kind that is not served is looked for again after this. */
const ABSENT_MS = 3_000;

/**
 * The actors' view of one kind on one hub: a list, then a watch, again and again until stopped. Kept apart from the service's own
 * reflector, so that one mistake does not hide in both. Objects are shared: handlers must not change them.
 */
export class Informer {
  private readonly objects = new Map<string, Map<string, KubeObject>>();
  private readonly handlers: InformerHandler[] = [];
  private readonly stopped = new AbortController();
  private readonly firstList = Promise.withResolvers<void>();
  private running: Promise<void> | null = null;
  private listed = false;

  constructor(
    private readonly client: HubClient,
    readonly type: ResourceType,
    private readonly options: InformerOptions = {},
  ) {}

  /** Resolves after the first complete list; never rejects. Resolves on stop() too. */
  get ready(): Promise<void> {
    return this.firstList.promise;
  }

  get hasListed(): boolean {
    return this.listed;
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.firstList.resolve();
    await this.running;
  }

  /** `handler` is called for each object there is, then for each change. It must not throw. */
  onChange(handler: InformerHandler): void {
    this.handlers.push(handler);
    for (const object of this.all()) handler({ type: 'UPSERT', object });
  }

  get(name: string, namespace = ''): KubeObject | undefined {
    return this.objects.get(namespace)?.get(name);
  }

  inNamespace(namespace: string): KubeObject[] {
    return [...(this.objects.get(namespace)?.values() ?? [])];
  }

  *all(): Generator<KubeObject> {
    for (const inner of this.objects.values()) yield* inner.values();
  }

  get size(): number {
    let size = 0;
    for (const inner of this.objects.values()) size += inner.size;
    return size;
  }

  private async run(): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    while (!this.stopped.signal.aborted) {
      try {
        let version = await this.relist();
        backoff = FIRST_BACKOFF_MS;
        for (;;) {
          version = await this.follow(version);
          if (this.stopped.signal.aborted) return;
        }
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        if (isKubeError(error, 'KUBE_NOT_FOUND')) {
          this.replaceAll(new Map());
          await this.pause(ABSENT_MS);
          continue;
        }
        if (isKubeError(error, 'KUBE_GONE')) continue;
        this.options.onError?.(error);
        await this.pause(isKubeError(error) && error.retryAfterMs !== null ? error.retryAfterMs : backoff);
        backoff = Math.min(backoff * 2, LAST_BACKOFF_MS);
      }
    }
  }

  private async relist(): Promise<string> {
    const { namespace, labelSelector, fieldSelector } = this.options;
    const seen = new Map<string, KubeObject>();
    let version = '';
    for await (const page of this.client.listAll(this.type, { namespace, labelSelector, fieldSelector, signal: this.stopped.signal })) {
      for (const object of page.items) seen.set(`${object.metadata.namespace ?? ''}/${object.metadata.name}`, object);
      version = page.resourceVersion;
    }
    this.replaceAll(seen);
    return version;
  }

  private replaceAll(seen: ReadonlyMap<string, KubeObject>): void {
    for (const object of [...this.all()]) {
      if (!seen.has(`${object.metadata.namespace ?? ''}/${object.metadata.name}`)) this.remove(object);
    }
    for (const object of seen.values()) this.upsert(object);
    this.listed = true;
    this.firstList.resolve();
  }

  /** One watch, until the server ends it. @returns the version from which to go on */
  private async follow(from: string): Promise<string> {
    const { namespace, labelSelector, fieldSelector } = this.options;
    let version = from;
    for await (const event of this.client.watch(this.type, { namespace, labelSelector, fieldSelector, resourceVersion: from, signal: this.stopped.signal })) {
      if (this.stopped.signal.aborted) break;
      if (event.type === 'BOOKMARK') {
        version = event.resourceVersion;
        continue;
      }
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type === 'DELETED') this.remove(event.object);
      else this.upsert(event.object);
    }
    return version;
  }

  private upsert(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? '';
    let inner = this.objects.get(namespace);
    if (!inner) this.objects.set(namespace, (inner = new Map<string, KubeObject>()));
    const previous = inner.get(object.metadata.name);
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    inner.set(object.metadata.name, object);
    this.tell(previous ? { type: 'UPSERT', object, previous } : { type: 'UPSERT', object });
  }

  private remove(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? '';
    const inner = this.objects.get(namespace);
    const previous = inner?.get(object.metadata.name);
    if (!inner || !previous) return;
    inner.delete(object.metadata.name);
    if (inner.size === 0) this.objects.delete(namespace);
    this.tell({ type: 'DELETE', object, previous });
  }

  private tell(change: InformerChange): void {
    for (const handler of this.handlers) handler(change);
  }

  private pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const wake = (): void => resolve();
    this.stopped.signal.addEventListener('abort', wake, { once: true });
    return promise.finally(() => {
      clearTimeout(timer);
      this.stopped.signal.removeEventListener('abort', wake);
    });
  }
}

/** The informers of one hub, one for each kind, made when first asked for and shared by all its actors. */
export class InformerSet {
  private readonly informers = new Map<ResourceType, Informer>();

  constructor(
    private readonly client: HubClient,
    private readonly onError?: (error: unknown) => void,
  ) {}

  of(type: ResourceType): Informer {
    const known = this.informers.get(type);
    if (known) return known;
    const informer = new Informer(this.client, type, this.onError ? { onError: this.onError } : {});
    this.informers.set(type, informer);
    return informer;
  }

  start(): void {
    for (const informer of this.informers.values()) informer.start();
  }

  async ready(): Promise<void> {
    await Promise.all([...this.informers.values()].map((informer) => informer.ready));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.informers.values()].map((informer) => informer.stop()));
  }
}
