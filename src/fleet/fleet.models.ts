import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { id, instant, listQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { clusterOrigins, clusterSortFields, conditionStates, type ManagedCluster } from './fleet.types.js';

export const clusterOrigin = named('ClusterOrigin', clusterOrigins, 'IMPORTED needs an auto-import token to come back; the others do not');
const condition = named('ConditionState', conditionStates, 'State of a condition on the hub. ABSENT: there is none, the hub never heard of it');

export const clusterView = z
  .object({
    id,
    hubId: id,
    name: z.string(),
    origin: clusterOrigin,
    vendor: z.string().nullable(),
    clusterSet: z.string().nullable(),
    openshiftId: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    apiUrl: z.string().nullable().describe('null: without it no re-import is possible'),
    accepted: condition,
    joined: condition,
    available: condition,
    availableSince: instant.nullable(),
    importCondition: condition,
    importReason: z.string().nullable(),
    importMessage: z.string().nullable(),
    addonPresent: z.boolean(),
    addonNamespace: z.string().nullable(),
    addonAvailable: condition,
    deleting: z.boolean(),
    problems: z.array(z.string()).describe('What was malformed in the hub\u2019s objects'),
    createdOnHubAt: instant.nullable(),
    readAt: instant.describe('When the hub last told this'),
  })
  .meta({ id: 'ManagedCluster', description: 'A cluster as its hub reports it' });
export type ClusterView = z.infer<typeof clusterView>;

export const toClusterView = (cluster: ManagedCluster): ClusterView => ({
  id: cluster.id,
  hubId: cluster.hubId,
  name: cluster.name,
  origin: cluster.origin,
  vendor: cluster.vendor,
  clusterSet: cluster.clusterSet,
  openshiftId: cluster.openshiftId,
  labels: { ...cluster.labels },
  apiUrl: cluster.apiUrl,
  accepted: cluster.accepted,
  joined: cluster.joined,
  available: cluster.available,
  availableSince: isoOrNull(cluster.availableSince),
  importCondition: cluster.importCondition,
  importReason: cluster.importReason,
  importMessage: cluster.importMessage,
  addonPresent: cluster.addonPresent,
  addonNamespace: cluster.addonNamespace,
  addonAvailable: cluster.addonAvailable,
  deleting: cluster.deleting,
  problems: [...cluster.problems],
  createdOnHubAt: isoOrNull(cluster.createdOnHubAt),
  readAt: iso(cluster.readAt),
});

const clusterFilter = {
  hubId: id.optional(),
  origin: clusterOrigin.optional(),
  available: condition.optional(),
  name: z.string().trim().min(1).max(253).optional().describe('A part of the name'),
};
const clusterSort = { fields: clusterSortFields, fallback: 'name' } as const;
export const clusterQuery = listQuery(clusterFilter, clusterSort);
export const clusterPage = pageOf(clusterView);

export const ClusterModel = objectType(clusterView);
export const ClusterConnection = connectionType(ClusterModel);
export const clusterArguments = listArguments('ManagedCluster', clusterFilter, clusterSort);
