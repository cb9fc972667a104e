import { createHash } from 'node:crypto';
import { accounts, addOns, annotations, labels, labelValues, works } from '../common/rhacm-names.js';
import { at, recordOf } from '../common/untrusted.js';
import type { ManagedFieldsEntry, ObjectMeta } from '../kube/kube.types.js';
import type { KeptObject, RemovalAction, RemovalTarget, RemovedKind } from './protection-removal.types.js';

/** What the API server writes down as the author of our fields. */
export const FIELD_MANAGER = 'lifeboat';

export interface SeenObject {
  readonly kind: RemovedKind;
  readonly metadata: ObjectMeta;
}

/** What is to become of one object: null where it is none of ours, or on its way out already. */
type Judgement = { readonly action: RemovalAction; readonly why: string } | { readonly action: null; readonly why: string } | null;

const OWN_NAMES: Readonly<Record<Exclude<RemovedKind, 'Secret'>, readonly string[]>> = {
  ManagedClusterAddOn: [addOns.managedServiceAccount],
  ManagedServiceAccount: [accounts.autoImport, accounts.autoImportPair],
  ManifestWork: [works.import, works.importPair].flatMap((name) => [name, name + works.customSuffix]),
};

/** The label that we apply with each object: whoever applied it made the object, or took it over. */
const OWN_LABEL: Readonly<Record<Exclude<RemovedKind, 'Secret'>, string>> = {
  ManagedClusterAddOn: labels.isManagedServiceAccount,
  ManagedServiceAccount: labels.isManagedServiceAccount,
  ManifestWork: labels.addOnNameWork,
};

const WHAT_GOES: Readonly<Record<Exclude<RemovedKind, 'Secret'>, string>> = {
  ManagedClusterAddOn: 'the token agent leaves the cluster',
  ManagedServiceAccount: 'its token is revoked and its Secret goes',
  ManifestWork: 'the role binding on the cluster goes',
};

/** Paths of the leaves that an entry owns, e.g. `f:metadata/f:labels/f:app`. */
function leavesOf(fields: unknown, path: readonly string[] = []): string[] {
  const children = Object.entries(recordOf(fields) ?? {}).filter(([key]) => key !== '.');
  return children.length === 0 ? (path.length === 0 ? [] : [path.join('/')]) : children.flatMap(([key, below]) => leavesOf(below, [...path, key]));
}

/** Who writes status speaks of the object, and does not manage it. */
const managing = (metadata: ObjectMeta): readonly ManagedFieldsEntry[] => (metadata.managedFields ?? []).filter(({ subresource }) => subresource === undefined || subresource === '');
const isOurs = ({ manager }: ManagedFieldsEntry): boolean => manager === FIELD_MANAGER;
const leavesBy = (entries: readonly ManagedFieldsEntry[]): Set<string> => new Set(entries.flatMap(({ fieldsV1 }) => leavesOf(fieldsV1)));
const labelPath = (key: string): string => `f:metadata/f:labels/f:${key}`;

/** Other managers of the spec, or of a field that we own. */
function rivals(metadata: ObjectMeta): string[] {
  const own = leavesBy(managing(metadata).filter(isOurs));
  const others = managing(metadata).filter((entry) => !isOurs(entry) && leavesOf(entry.fieldsV1).some((path) => own.has(path) || path === 'f:spec' || path.startsWith('f:spec/')));
  return [...new Set(others.map(({ manager }) => manager ?? 'somebody'))].sort();
}

function judgeMade(kind: Exclude<RemovedKind, 'Secret'>, metadata: ObjectMeta): Judgement {
  if (!OWN_NAMES[kind].includes(metadata.name)) return null;
  const ours = managing(metadata).filter(isOurs);
  if (ours.length === 0) return null;
  const made = leavesBy(ours.filter(({ operation }) => operation === 'Apply')).has(labelPath(OWN_LABEL[kind]));
  if (!made) return { action: null, why: 'Others made it; Lifeboat changed a field of it' };
  const others = rivals(metadata);
  if (others.length > 0) return { action: null, why: `Also managed by ${others.join(', ')}` };
  return { action: 'DELETE', why: `Made by Lifeboat, and managed by nobody else: ${WHAT_GOES[kind]}` };
}

function judgeSecret(metadata: ObjectMeta): Judgement {
  const ours = leavesBy(managing(metadata).filter(isOurs));
  if (ours.size === 0) return null;
  const label = labelPath(labels.backup);
  if (!ours.has(label) || metadata.labels?.[labels.backup] !== labelValues.backupMsa) return { action: null, why: 'Its backup label is not Lifeboat\u2019s' };
  const theirs = leavesBy(managing(metadata).filter((entry) => !isOurs(entry)));
  if (theirs.has(label)) return { action: null, why: 'Its backup label is also somebody else\u2019s' };
  return { action: 'UNLABEL', why: 'Its backup label is Lifeboat\u2019s alone: Velero leaves it out afterwards' };
}

/** By the record that the API server keeps of who wrote what. */
export function judge({ kind, metadata }: SeenObject): Judgement {
  if (metadata.deletionTimestamp !== undefined) return null;
  return kind === 'Secret' ? judgeSecret(metadata) : judgeMade(kind, metadata);
}

/** Takes away the label, and the notes that only we wrote; in the state in which the Secret was read. */
export function unlabelPatch(metadata: ObjectMeta): unknown {
  const entries = managing(metadata);
  const theirs = leavesBy(entries.filter((entry) => !isOurs(entry)));
  const ours = leavesBy(entries.filter(isOurs));
  const notes = [annotations.expirationTimestamp, annotations.lastRefreshTimestamp].filter((key) => ours.has(`f:metadata/f:annotations/f:${key}`) && !theirs.has(`f:metadata/f:annotations/f:${key}`));
  return {
    metadata: {
      uid: metadata.uid, resourceVersion: metadata.resourceVersion, labels: { [labels.backup]: null },
      ...(notes.length === 0 ? {} : { annotations: Object.fromEntries(notes.map((key) => [key, null])) }),
    },
  };
}

const RANK: Readonly<Record<RemovedKind, number>> = { Secret: 1, ManagedServiceAccount: 2, ManifestWork: 3, ManagedClusterAddOn: 4 };
const inOrder = (a: KeptObject, b: KeptObject): number =>
  a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : RANK[a.kind] - RANK[b.kind] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** uid of the account that owns a token Secret. */
const accountOf = (metadata: ObjectMeta): string | undefined => metadata.ownerReferences?.find(({ kind }) => kind === 'ManagedServiceAccount')?.uid;

const place = ({ kind, metadata }: SeenObject) => ({ kind, namespace: metadata.namespace ?? '', name: metadata.name });

/** What of these objects goes and what of ours stays, cluster by cluster, in the order of the work. */
export function removalList(objects: readonly SeenObject[]): { readonly targets: RemovalTarget[]; readonly kept: KeptObject[] } {
  const judged = objects.map((object) => ({ object, judgement: judge(object) }));
  const deleted = new Set(judged.filter(({ judgement }) => judgement?.action === 'DELETE').map(({ object }) => object.metadata.uid));
  const targets: RemovalTarget[] = [];
  const kept: KeptObject[] = [];
  for (const { object, judgement } of judged) {
    const { uid = '', resourceVersion = '' } = object.metadata;
    const owner = object.kind === 'Secret' ? accountOf(object.metadata) : undefined;
    if (owner !== undefined && deleted.has(owner)) targets.push({ ...place(object), uid, resourceVersion, action: 'FOLLOWS', why: 'Goes with its account' });
    else if (judgement !== null && judgement.action !== null) targets.push({ ...place(object), uid, resourceVersion, action: judgement.action, why: judgement.why });
    else if (judgement !== null) kept.push({ ...place(object), why: judgement.why });
  }
  return { targets: targets.sort(inOrder), kept: kept.sort(inOrder) };
}

/** What a confirmation is bound to. Which resourceVersion an object has is no part of it: status moves all the time. */
export function listHash(hubId: string, targets: readonly RemovalTarget[]): string {
  const parts = targets.map(({ kind, namespace, name, uid, action }) => [kind, namespace, name, uid, action]);
  return createHash('sha256').update(JSON.stringify([hubId, parts])).digest('hex');
}

const inSelection = (metadata: ObjectMeta): boolean => [labels.backup, labels.hiveSecretType, labels.clusterType].some((key) => typeof at(metadata.labels, key) === 'string');

/** Clusters whose every token in the backup selection is on the list. */
export function clustersLosingTokens(objects: readonly SeenObject[], targets: readonly RemovalTarget[]): string[] {
  const going = new Set(targets.filter(({ kind }) => kind === 'Secret').map(({ uid }) => uid));
  const selected = objects.filter(({ kind, metadata }) => kind === 'Secret' && metadata.deletionTimestamp === undefined && inSelection(metadata));
  const byCluster = Map.groupBy(selected, ({ metadata }) => metadata.namespace ?? '');
  return [...byCluster].filter(([, secrets]) => secrets.every(({ metadata }) => going.has(metadata.uid ?? ''))).map(([cluster]) => cluster).sort();
}
