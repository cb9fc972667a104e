import { Injectable } from '@nestjs/common';
import { addOns, labels, labelValues } from '../common/rhacm-names.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { AccessQuestion, ObjectMeta, ResourceType, Selection } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { judge, unlabelPatch, type SeenObject } from './protection-removal.rules.js';
import type { ClaimedItem, ItemResult } from './protection-removal.repository.js';
import { removedKinds, type RemovalTarget, type RemovedKind } from './protection-removal.types.js';

const KINDS: Readonly<Record<RemovedKind, { readonly type: ResourceType; readonly selection: Selection }>> = {
  ManagedClusterAddOn: { type: resources.managedClusterAddOn, selection: { fieldSelector: `metadata.name=${addOns.managedServiceAccount}` } },
  ManagedServiceAccount: { type: resources.managedServiceAccount, selection: {} },
  ManifestWork: { type: resources.manifestWork, selection: { labelSelector: `${labels.addOnNameWork}=${labelValues.addOnNameWork}` } },
  Secret: { type: resources.secret, selection: { labelSelector: `${labels.isManagedServiceAccount}=${labelValues.true}` } },
};

/** How often an object is looked at again that changed between look and write. */
const TRIES = 5;

type Result = Omit<ItemResult, 'position'>;

/** What PROTECT has made on a hub: read as metadata alone, taken away one by one. */
@Injectable()
export class ProtectionObjects {
  /** Everything that could be ours, as the hub has it now. @throws KubeError */
  async read(client: HubClient): Promise<SeenObject[]> {
    const found: SeenObject[] = [];
    for (const kind of removedKinds) {
      const { type, selection } = KINDS[kind];
      try {
        for await (const page of client.listAll(type, { ...selection, metadataOnly: true })) found.push(...page.items.map(({ metadata }) => ({ kind, metadata })));
      } catch (error) {
        if (!isKubeError(error, 'KUBE_NOT_FOUND')) throw error; // the hub does not serve this kind, so there is nothing of it
      }
    }
    return found;
  }

  /** Rights that the list needs and that we lack, in words. @throws KubeError */
  async missingRights(client: HubClient, targets: readonly RemovalTarget[]): Promise<string[]> {
    const questions = new Map<string, AccessQuestion>();
    for (const { kind, action } of targets) {
      if (action === 'FOLLOWS') continue;
      const { group, plural } = KINDS[kind].type;
      const verb = action === 'DELETE' ? 'delete' : 'patch';
      questions.set(`${verb} ${plural}`, { verb, group, resource: plural });
    }
    const asked = await Promise.all([...questions].map(async ([words, question]) => ((await client.mayI(question)) ? [] : [words])));
    return asked.flat().sort();
  }

  /**
   * Takes one object away, in the state in which it was listed; what has changed since is judged anew.
   * @throws KubeError where it is not known what came of it, or the hub is away
   */
  async remove(client: HubClient, item: ClaimedItem): Promise<Result> {
    const { type } = KINDS[item.kind];
    const ref = { name: item.name, namespace: item.namespace };
    let known: { readonly resourceVersion: string; readonly metadata: ObjectMeta | null } = { resourceVersion: item.resourceVersion, metadata: null };
    for (let tries = 1; ; tries += 1) {
      try {
        if (item.action === 'UNLABEL') {
          const metadata = known.metadata ?? (await look(client, item));
          const settled = settledUnlabel(item, metadata);
          if (settled !== null || metadata === null) return settled ?? { outcome: 'GONE', detail: null };
          await client.patch(type, ref, unlabelPatch(metadata), { patchType: 'merge', metadataOnly: true });
          return { outcome: 'UNLABELLED', detail: null };
        }
        const propagationPolicy = item.kind === 'ManagedServiceAccount' ? 'Foreground' as const : undefined; // as the backup operator deletes them
        const there = await client.delete(type, ref, { preconditions: { uid: item.uid, resourceVersion: known.resourceVersion }, ...(propagationPolicy === undefined ? {} : { propagationPolicy }) });
        return { outcome: there || item.triedBefore ? 'DELETED' : 'GONE', detail: null };
      } catch (error) {
        if (isKubeError(error, 'HUB_FORBIDDEN', 'KUBE_INVALID')) return { outcome: 'REFUSED', detail: `${error.code}: ${error.message}` };
        if (isKubeError(error, 'KUBE_NOT_FOUND')) return { outcome: 'GONE', detail: null };
        if (!isKubeError(error, 'KUBE_CONFLICT') || tries >= TRIES) throw error;
      }
      const now = await look(client, item);
      const settled = item.action === 'DELETE' ? settledDelete(item, now) : null;
      if (settled !== null) return settled;
      known = { resourceVersion: now?.resourceVersion ?? '', metadata: now };
    }
  }

  /** Whether a Secret has gone with its account. @throws KubeError */
  async hasFollowed(client: HubClient, target: RemovalTarget): Promise<boolean> {
    return (await look(client, target))?.uid !== target.uid;
  }
}

/** By a list of one: the right to get Secrets is none that Lifeboat asks for. */
async function look(client: HubClient, { kind, namespace, name }: Pick<RemovalTarget, 'kind' | 'namespace' | 'name'>): Promise<ObjectMeta | null> {
  const { items } = await client.list(KINDS[kind].type, { namespace, fieldSelector: `metadata.name=${name}`, metadataOnly: true });
  return items[0]?.metadata ?? null;
}

/** What there is to say without a write; null: it is still ours to take away. */
function settledDelete(item: ClaimedItem, now: ObjectMeta | null): Result | null {
  if (now === null) return { outcome: item.triedBefore ? 'DELETED' : 'GONE', detail: null };
  if (now.uid !== item.uid) return item.triedBefore ? { outcome: 'DELETED', detail: 'Another object bears its name by now' } : { outcome: 'KEPT', detail: 'Another object bears its name by now' };
  if (now.deletionTimestamp !== undefined) return { outcome: 'DELETED', detail: 'It is on its way out' };
  const judgement = judge({ kind: item.kind, metadata: now });
  return judgement?.action === 'DELETE' ? null : { outcome: 'KEPT', detail: judgement?.why ?? 'Others have taken it over' };
}

function settledUnlabel(item: ClaimedItem, now: ObjectMeta | null): Result | null {
  if (now === null || now.deletionTimestamp !== undefined) return { outcome: 'GONE', detail: null };
  if (now.uid !== item.uid) return { outcome: 'KEPT', detail: 'Another object bears its name by now' };
  if (now.labels?.[labels.backup] === undefined) return { outcome: item.triedBefore ? 'UNLABELLED' : 'GONE', detail: null };
  const judgement = judge({ kind: item.kind, metadata: now });
  return judgement?.action === 'UNLABEL' ? null : { outcome: 'KEPT', detail: judgement?.why ?? 'Others have taken it over' };
}
