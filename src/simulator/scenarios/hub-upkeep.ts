/** Those who back up and restore on a hub, and how its administrators have set it up. */
import type { KubeObject, ResourceType } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { rfc3339, type Json } from '../actors/json.js';
import { BACKUP_NAMESPACE } from '../actors/words.js';

/** What may be amiss, or set up otherwise than usual. */
export interface HubUpkeep {
  /** Version of OADP, e.g. `1.5`; null: nobody subscribed to it */
  readonly oadp: string | null;
  /** A second OADP, in the namespace `openshift-adp`, of this version; null: there is none */
  readonly secondOadp: string | null;
  /** Deployments without an available pod */
  readonly down: readonly ('backupOperator' | 'oadpOperator' | 'velero')[];
  /** There is no Deployment of Velero at all */
  readonly veleroAbsent: boolean;
  /** How often Velero's container was killed for want of memory */
  readonly veleroKilled: number;
  /** Of the KlusterletConfig `global`; null: there is none */
  readonly evictionGrace: string | null;
  readonly observability: boolean;
  /** Resources that an application of Argo CD says it holds; null: there is no application */
  readonly gitOps: readonly { readonly group: string; readonly kind: string; readonly name: string }[] | null;
}

export const SOUND_UPKEEP: HubUpkeep = { oadp: '1.5', secondOadp: null, down: [], veleroAbsent: false, veleroKilled: 0, evictionGrace: null, observability: false, gitOps: null };

interface Seeded { readonly type: ResourceType; readonly object: KubeObject; readonly status?: Json }

const type = (group: string, version: string, plural: string, kind: string, namespaced = true): ResourceType => ({ group, version, plural, kind, namespaced });

function subscription(namespace: string, oadp: string): Seeded {
  const channel = oadp < '1.5' ? `stable-${oadp}` : 'stable';
  return {
    type: type('operators.coreos.com', 'v1alpha1', 'subscriptions', 'Subscription'),
    object: {
      apiVersion: 'operators.coreos.com/v1alpha1', kind: 'Subscription', metadata: { name: 'redhat-oadp-operator', namespace },
      spec: { name: 'redhat-oadp-operator', channel, source: 'redhat-operators', sourceNamespace: 'openshift-marketplace', installPlanApproval: 'Automatic' },
    },
    status: { state: 'AtLatestKnown', installedCSV: `oadp-operator.v${oadp}.2`, currentCSV: `oadp-operator.v${oadp}.2` },
  };
}

const deployment = (name: string, isDown: boolean): Seeded => ({
  type: type('apps', 'v1', 'deployments', 'Deployment'),
  object: {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: BACKUP_NAMESPACE, labels: { app: name } },
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: `registry.example/${name}` }] } } },
  },
  status: { replicas: 1, updatedReplicas: 1, ...(isDown ? { unavailableReplicas: 1 } : { readyReplicas: 1, availableReplicas: 1 }) },
});

function veleroPod({ veleroKilled }: HubUpkeep, now: Date): Seeded {
  const killed = { terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: rfc3339(now), finishedAt: rfc3339(now) } };
  return {
    type: type('', 'v1', 'pods', 'Pod'),
    object: {
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'velero-6d8f9c7b5-x2x7q', namespace: BACKUP_NAMESPACE, labels: { 'app.kubernetes.io/name': 'velero', component: 'velero' } },
      spec: { containers: [{ name: 'velero', image: 'registry.example/velero' }] },
    },
    status: {
      phase: 'Running',
      containerStatuses: [{
        name: 'velero', image: 'registry.example/velero', imageID: '', ready: true, restartCount: veleroKilled, state: { running: { startedAt: rfc3339(now) } }, ...(veleroKilled === 0 ? {} : { lastState: killed }),
      }],
    },
  };
}

export function upkeepObjects(upkeep: HubUpkeep, now: Date): Seeded[] {
  const { oadp, secondOadp, down, evictionGrace, gitOps } = upkeep;
  return [
    ...(oadp === null ? [] : [subscription(BACKUP_NAMESPACE, oadp)]),
    ...(secondOadp === null ? [] : [subscription('openshift-adp', secondOadp)]),
    deployment('cluster-backup-chart-clusterbackup', down.includes('backupOperator')),
    deployment('openshift-adp-controller-manager', down.includes('oadpOperator')),
    ...(upkeep.veleroAbsent ? [] : [deployment('velero', down.includes('velero'))]),
    ...(upkeep.veleroAbsent || down.includes('velero') ? [] : [veleroPod(upkeep, now)]),
    ...(evictionGrace === null ? [] : [{
      type: resources.klusterletConfig,
      object: { apiVersion: 'config.open-cluster-management.io/v1alpha1', kind: 'KlusterletConfig', metadata: { name: 'global' }, spec: { appliedManifestWorkEvictionGracePeriod: evictionGrace } },
    }]),
    ...(upkeep.observability ? [{
      type: type('observability.open-cluster-management.io', 'v1beta2', 'multiclusterobservabilities', 'MultiClusterObservability', false), status: { conditions: [] },
      object: { apiVersion: 'observability.open-cluster-management.io/v1beta2', kind: 'MultiClusterObservability', metadata: { name: 'observability' }, spec: { storageConfig: {} } },
    }] : []),
    ...(gitOps === null ? [] : [{
      type: type('argoproj.io', 'v1alpha1', 'applications', 'Application'),
      object: {
        apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'acm-config', namespace: 'openshift-gitops' }, spec: { project: 'default' },
        // Its CRD has no status subresource
        status: { resources: gitOps.map((one) => ({ ...one, version: 'v1beta1', namespace: BACKUP_NAMESPACE, status: 'Synced' })) },
      },
    }]),
  ];
}
