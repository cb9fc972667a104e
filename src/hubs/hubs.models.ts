import { z } from 'zod';
import { remediers } from '../common/remedy-by.js';
import { Secret } from '../common/secret.js';
import { connectionType, listArguments } from '../api/connection.js';
import { docsUrlOf } from '../api/docs-url.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { inOrder, type Loaders } from '../api/loaders.js';
import { pageOf } from '../api/paging.js';
import { acting, actingWithReason, id, instant, listQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import type { HubsService } from './hubs.service.js';
import {
  fencings, hubComponents, hubPolicies, hubSortFields, prerequisiteCodes, prerequisiteStates, reachabilities,
  type Hub, type HubAccess, type HubUpdate, type Prerequisite, type RegisterHub, type StorageFacts,
} from './hubs.types.js';

const policy = named('HubPolicy', hubPolicies, 'OBSERVE: look, never write. PROTECT: keep every imported cluster\u2019s token alive, labelled and in the backup');
const reachability = named('Reachability', reachabilities);

const storageView = z
  .object({
    name: z.string(),
    provider: z.string().nullable(),
    bucket: z.string().nullable(),
    prefix: z.string().nullable(),
    s3Url: z.string().nullable(),
    region: z.string().nullable(),
    phase: z.string().nullable(),
    owned: z.boolean().describe('Made by OADP\u2019s DataProtectionApplication: the operator uses no other'),
  })
  .meta({ id: 'HubStorage', description: 'Where backups lie, as a BackupStorageLocation tells' });

const toStorageView = (storage: StorageFacts): z.infer<typeof storageView> => ({
  name: storage.name,
  provider: storage.provider,
  bucket: storage.bucket,
  prefix: storage.prefix,
  s3Url: storage.s3Url,
  region: storage.region,
  phase: storage.phase,
  owned: storage.owned,
});

export const hubView = z
  .object({
    id,
    name: z.string(),
    apiUrl: z.string(),
    clusterId: z.string().nullable().describe('Cluster id as OpenShift tells it'),
    policy,
    release: z.string().nullable().describe('Release of RHACM'),
    kubeVersion: z.string().nullable(),
    tokenValiditySeconds: z.int().nullable().describe('Validity asked for new tokens; null: from the backup schedule, as the hub\u2019s own operator does'),
    tokenExclusions: z.array(z.string()).describe('Label selectors: PROTECT writes nothing to clusters that one of them selects'),
    tokenExpiryWarningSeconds: z.int().nullable().describe('A token that ends sooner than this is told as TOKEN_NEAR_EXPIRY; null: none is'),
    tokenPairAfterPercent: z.int().describe('The pair is made when so much of the first token\u2019s life is over'),
    tokenRenewalOverdueSeconds: z.int().nullable().describe('How long after its moment a renewal that has not come is told; null: 15 minutes'),
    reachability,
    reachableAt: instant.nullable(),
    unreachableSince: instant.nullable(),
    lastErrorCode: z.string().nullable(),
    clockSkewSeconds: z.int().nullable().describe('How far the hub\u2019s clock is ahead of Lifeboat\u2019s, good to a second; null: not known yet'),
    inspectedAt: instant.nullable(),
    storage: z.array(storageView).nullable().describe('null: not known yet'),
    fencing: named('Fencing', fencings, 'Whether the hub was stopped from acting on what has moved'),
    fencingChangedAt: instant.nullable(),
    version: z.int().describe('Grows with each change; the ETag'),
    createdAt: instant,
    createdBy: z.string(),
    updatedAt: instant,
  })
  .meta({ id: 'Hub', description: 'A cluster with RHACM that manages other clusters' });
export type HubView = z.infer<typeof hubView>;

export const toHubView = (hub: Hub): HubView => ({
  id: hub.id,
  name: hub.name,
  apiUrl: hub.apiUrl,
  clusterId: hub.clusterId,
  policy: hub.policy,
  release: hub.release,
  kubeVersion: hub.kubeVersion,
  tokenValiditySeconds: hub.tokenValiditySeconds,
  tokenExclusions: [...hub.tokenExclusions],
  tokenExpiryWarningSeconds: hub.tokenExpiryWarningSeconds,
  tokenPairAfterPercent: hub.tokenPairAfterPercent,
  tokenRenewalOverdueSeconds: hub.tokenRenewalOverdueSeconds,
  reachability: hub.reachability,
  reachableAt: isoOrNull(hub.reachableAt),
  unreachableSince: isoOrNull(hub.unreachableSince),
  lastErrorCode: hub.lastErrorCode,
  clockSkewSeconds: hub.clockSkewSeconds,
  inspectedAt: isoOrNull(hub.inspectedAt),
  storage: hub.storage && hub.storage.map(toStorageView),
  fencing: hub.fencing,
  fencingChangedAt: isoOrNull(hub.fencingChangedAt),
  version: hub.version,
  createdAt: iso(hub.createdAt),
  createdBy: hub.createdBy,
  updatedAt: iso(hub.updatedAt),
});

const selectorHitsView = z
  .object({ selector: z.string(), clusters: z.int().describe('Imported clusters that it takes in'), examples: z.array(z.string()).describe('By name, at most ten') })
  .meta({ id: 'SelectorHits' });

const policyPreviewView = z
  .object({
    clustersInNeed: z.int().describe('Clusters that need a token'),
    clustersExcluded: z.int().describe('Of those, how many any selector takes in'),
    clustersProtected: z.int().describe('Of those that none takes in, how many the policy lets us write to'),
    exclusions: z.array(selectorHitsView),
  })
  .meta({ id: 'PolicyPreview', description: 'What a policy does to the hub\u2019s clusters, as they are known now' });

export const hubUpdateView = hubView
  .extend({ preview: policyPreviewView.nullable().describe('null: nothing about protection was changed') })
  .meta({ id: 'HubUpdate', description: 'A hub as it is after a change; with dryRun as it would be' });
export type HubUpdateView = z.infer<typeof hubUpdateView>;

export const toPreviewView = ({ preview }: HubUpdate): HubUpdateView['preview'] =>
  preview && { ...preview, exclusions: preview.exclusions.map(({ selector, clusters, examples }) => ({ selector, clusters, examples: [...examples] })) };

export const remedyBy = named('RemedyBy', remediers, 'Who can carry out a remedy. NOBODY: nothing is to be done but to wait');

const prerequisiteView = z
  .object({
    code: named('PrerequisiteCode', prerequisiteCodes),
    docsUrl: z.string().describe('The page of the code, on this server'),
    state: named('PrerequisiteState', prerequisiteStates),
    cause: z.string(),
    remedy: z.string().describe('What to do; empty where nothing is to be done'),
    remedyBy: remedyBy.describe('Who can carry it out'),
    since: instant,
    checkedAt: instant,
  })
  .meta({ id: 'Prerequisite', description: 'Something that a hub must have for recovery to work, as the last inspection found it' });
export type PrerequisiteView = z.infer<typeof prerequisiteView>;

export const toPrerequisiteView = (one: Prerequisite): PrerequisiteView => ({
  code: one.code,
  docsUrl: docsUrlOf(one.code),
  state: one.state,
  cause: one.cause,
  remedy: one.remedy,
  remedyBy: one.remedyBy,
  since: iso(one.since),
  checkedAt: iso(one.checkedAt),
});

export const prerequisitesView = z.object({ items: z.array(prerequisiteView) }).meta({ id: 'Prerequisites' });

// ---- What callers send. Credentials are wrapped at once: nothing behind the door sees them bare.

const name = z.string().trim().min(1).max(100);
const kubeconfig = z.string().min(1).max(262_144).describe('A kubeconfig with its credentials inside: no files, no plugins, no proxy');
const server = z.url({ protocol: /^https$/ }).max(2048).describe('Address of the hub\u2019s API server');
const token = z.string().trim().min(1).max(16_384).describe('Bearer token of a service account on the hub');
const caPem = z.string().min(1).max(131_072).describe('Certificates that sign the server\u2019s, PEM; absent: those of the system');

const accessFields = {
  kubeconfig: kubeconfig.optional(),
  context: z.string().trim().min(1).max(255).optional().describe('Which of its contexts; absent: its current one'),
  server: server.optional(),
  caPem: caPem.optional(),
  token: token.optional(),
};

type AccessInput = { readonly [K in keyof typeof accessFields]?: string | undefined };

/** Either a kubeconfig, or a server with a token. */
function isOneAccess({ kubeconfig, context, server, caPem, token }: AccessInput): boolean {
  if (kubeconfig !== undefined) return server === undefined && caPem === undefined && token === undefined;
  return server !== undefined && token !== undefined && context === undefined;
}
const ONE_ACCESS = { message: 'Give either kubeconfig (and context), or server and token (and caPem)', path: ['kubeconfig'] };

function toAccess(input: AccessInput): HubAccess {
  if (input.kubeconfig !== undefined) return { kubeconfig: new Secret(input.kubeconfig), ...(input.context === undefined ? {} : { context: input.context }) };
  return { server: input.server ?? '', token: new Secret(input.token ?? ''), ...(input.caPem === undefined ? {} : { caPem: input.caPem }) };
}

const registerHubFields = z.strictObject({ name, ...accessFields, ...acting });
export const registerHubBody = registerHubFields.refine(isOneAccess, ONE_ACCESS);
export const toRegisterHub = (input: z.output<typeof registerHubFields>): RegisterHub => ({ name: input.name, ...toAccess(input) });

const replaceCredentialsFields = z.strictObject({ ...accessFields, ...acting });
export const replaceCredentialsBody = replaceCredentialsFields.refine(isOneAccess, ONE_ACCESS);
export const toHubAccess = (input: AccessInput): HubAccess => toAccess(input);

const labelExpression = z
  .strictObject({ key: z.string().min(1).max(317), operator: named('LabelOperator', ['In', 'NotIn', 'Exists', 'DoesNotExist']), values: z.array(z.string().max(63)).max(200).optional() })
  .meta({ id: 'LabelExpressionInput' });
const exclusion = z
  .strictObject({
    selector: z.string().trim().min(1).max(1000).optional().describe('In Kubernetes\u2019 words, e.g. `env in (dev,test),!keep`'),
    matchLabels: z.record(z.string().max(317), z.string().max(63)).optional(),
    matchExpressions: z.array(labelExpression).max(50).optional(),
  })
  .meta({ id: 'ExclusionInput', description: 'Clusters by their labels: either a selector, or matchLabels and matchExpressions as Kubernetes objects hold them' });

const hubChange = {
  name: name.optional(),
  policy: policy.optional(),
  tokenValiditySeconds: z.int().min(600).max(315_360_000).nullable().optional().describe('600 seconds to ten years; null: from the backup schedule'),
  tokenExclusions: z.array(exclusion).max(20).optional().describe('Takes the place of those that are there'),
  tokenExpiryWarningSeconds: z.int().min(60).max(315_360_000).nullable().optional(),
  tokenPairAfterPercent: z.int().min(50).max(79).optional().describe('50, half-life, to 79: at 80 the agent renews'),
  tokenRenewalOverdueSeconds: z.int().min(60).max(2_592_000).nullable().optional(),
};
const dryRun = z.boolean().optional().describe('`true`: nothing is changed, and the answer tells what would be');
export const updateHubBody = z.strictObject({ ...hubChange, dryRun, ...acting });
export const enableComponentsBody = z.strictObject({ enable: z.array(named('HubComponent', hubComponents)).min(1).max(hubComponents.length), ...actingWithReason });

const hubFilter = {
  name: z.string().trim().min(1).max(100).optional().describe('A part of the name'),
  policy: policy.optional(),
  reachability: reachability.optional(),
};
const hubSort = { fields: hubSortFields, fallback: 'name' } as const;
export const hubQuery = listQuery(hubFilter, hubSort);
export const hubPage = pageOf(hubView);

// ---- GraphQL

export const HubModel = objectType(hubView);
export const HubConnection = connectionType(HubModel);
export const hubArguments = listArguments('Hub', hubFilter, hubSort);
export const PrerequisiteModel = objectType(prerequisiteView);

const version = z.int().min(1).describe('The version that was read');
export const registerHubInput = registerHubFields.extend(mutationInput).refine(isOneAccess, ONE_ACCESS);
export const RegisterHubInput = inputType('RegisterHubInput', registerHubFields.extend(mutationInput));
export const updateHubInput = z.strictObject({ id, version, ...hubChange, dryRun, ...acting, ...mutationInput });
export const UpdateHubInput = inputType('UpdateHubInput', updateHubInput);
export const replaceHubCredentialsInput = replaceCredentialsFields.extend({ id, ...mutationInput }).refine(isOneAccess, ONE_ACCESS);
export const ReplaceHubCredentialsInput = inputType('ReplaceHubCredentialsInput', replaceCredentialsFields.extend({ id, ...mutationInput }));
export const removeHubInput = z.strictObject({ id, ...actingWithReason, ...mutationInput });
export const RemoveHubInput = inputType('RemoveHubInput', removeHubInput);
export const inspectHubInput = z.strictObject({ id, ...acting, ...mutationInput });
export const InspectHubInput = inputType('InspectHubInput', inspectHubInput);
export const enableHubComponentsInput = enableComponentsBody.extend({ id, ...mutationInput });
export const EnableHubComponentsInput = inputType('EnableHubComponentsInput', enableHubComponentsInput);

export const HubPayload = payloadType('HubPayload', { hub: { type: HubModel } });
export const UpdateHubPayload = payloadType('UpdateHubPayload', { hub: { type: HubModel }, preview: { type: objectType(policyPreviewView), nullable: true } });
export const RemoveHubPayload = payloadType('RemoveHubPayload', { removedHubId: { type: String } });
export const HubPrerequisitesPayload = payloadType('HubPrerequisitesPayload', { hub: { type: HubModel }, prerequisites: { type: [PrerequisiteModel] } });

const HUBS = {};

/** The hub of an id, in batches: the field `hub` of other features' types. null: there is none. */
export async function loadHub(loaders: Loaders, hubs: Pick<HubsService, 'getMany'>, hubId: string): Promise<HubView | null> {
  const hub = await loaders.of(HUBS, async (ids: readonly string[]) => inOrder(ids, await hubs.getMany(ids), ({ id }) => id)).load(hubId);
  return hub && toHubView(hub);
}
