/**
 * Stands for kube-controller-manager's garbage collector where none runs (a bare kube-apiserver): what belongs to an account, a
 * BackupSchedule or an ACM Restore that is gone goes too, and foreground deletion comes to its end. Harmless beside a real one.
 */
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { Actor } from './actor.js';
import type { HubEnv } from './hub-env.js';
import { FINALIZER } from './words.js';

const OWNERS: Readonly<Record<string, ResourceType>> = {
  ManagedServiceAccount: resources.managedServiceAccount, BackupSchedule: resources.backupSchedule, Restore: resources.restore,
};
const DEPENDENTS: readonly ResourceType[] = [resources.secret, resources.veleroSchedule, resources.veleroRestore];

const keyOf = (type: ResourceType, { metadata }: KubeObject): string => `${type.group}|${type.plural}|${metadata.namespace ?? ''}|${metadata.name}`;

export class GarbageCollectorActor extends Actor {
  private readonly types = new Map<string, ResourceType>();

  constructor(env: HubEnv) {
    super('garbage-collector', env, { concurrency: env.writers, retryBaseMs: 200, retryMaxMs: 10_000 });
    for (const type of [...Object.values(OWNERS), ...DEPENDENTS]) this.types.set(`${type.group}|${type.plural}`, type);
  }

  subscribe(): void {
    for (const type of Object.values(OWNERS)) {
      this.env.informers.of(type).onChange(({ type: change, object }) => {
        if (change === 'DELETE' || object.metadata.deletionTimestamp !== undefined) for (const { of, dependent } of this.dependentsOf(object)) this.queue.add(keyOf(of, dependent));
        if (object.metadata.deletionTimestamp !== undefined && change === 'UPSERT') this.queue.add(keyOf(type, object));
      });
    }
    for (const type of DEPENDENTS) {
      this.env.informers.of(type).onChange(({ type: change, object }) => {
        if (change === 'UPSERT' && (object.metadata.ownerReferences?.length ?? 0) > 0) this.queue.add(keyOf(type, object));
        if (change === 'DELETE') this.wakeOwners(object);
      });
    }
  }

  private wakeOwners({ metadata }: KubeObject): void {
    for (const { kind, name } of metadata.ownerReferences ?? []) {
      const type = OWNERS[kind];
      const owner = type && this.env.informers.of(type).get(name, metadata.namespace);
      if (type && owner) this.queue.add(keyOf(type, owner));
    }
  }

  private *dependentsOf(owner: KubeObject): Generator<{ of: ResourceType; dependent: KubeObject }> {
    for (const type of DEPENDENTS) {
      for (const dependent of this.env.informers.of(type).inNamespace(owner.metadata.namespace ?? '')) {
        if (dependent.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)) yield { of: type, dependent };
      }
    }
  }

  protected async reconcile(key: string): Promise<void> {
    const [group = '', plural = '', namespace = '', name = ''] = key.split('|');
    const type = this.types.get(`${group}|${plural}`);
    const object = type && this.env.informers.of(type).get(name, namespace);
    if (!type || !object) return;
    const { finalizers = [], ownerReferences = [], resourceVersion, uid } = object.metadata;
    if (finalizers.includes(FINALIZER.foreground) && [...this.dependentsOf(object)].length === 0) {
      const rest = finalizers.filter((finalizer) => finalizer !== FINALIZER.foreground);
      await this.env.client.patch(type, { name, namespace }, { metadata: { resourceVersion, finalizers: rest } }, { patchType: 'merge', fieldManager: 'garbage-collector' });
      return;
    }
    const known = ownerReferences.filter(({ kind }) => OWNERS[kind] !== undefined);
    if (known.length === 0 || known.length < ownerReferences.length) return;
    const states = await Promise.all(known.map(async (owner) => this.isGone(owner.kind, owner.uid, { name: owner.name, namespace })));
    if (states.every(Boolean)) await this.env.client.delete(type, { name, namespace }, uid === undefined ? {} : { preconditions: { uid } });
  }

  /** Asks the API server before it calls an owner gone: the view of another kind may be behind. */
  private async isGone(kind: string, uid: string, ref: { name: string; namespace: string }): Promise<boolean> {
    const type = OWNERS[kind];
    if (!type) return false;
    const seen = this.env.informers.of(type).get(ref.name, ref.namespace);
    if (seen?.metadata.uid === uid) return seen.metadata.deletionTimestamp !== undefined && (seen.metadata.finalizers ?? []).includes(FINALIZER.foreground);
    const owner = await this.env.client.find(type, ref);
    return owner?.metadata.uid !== uid;
  }
}
