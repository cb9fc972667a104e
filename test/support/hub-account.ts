import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { HubClient } from '../../src/kube/hub-client.js';
import type { KubeObject, ResourceType } from '../../src/kube/kube.types.js';
import { resources } from '../../src/kube/resources.js';
import type { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';

const rbac = (plural: string, kind: string, namespaced: boolean): ResourceType => ({ group: 'rbac.authorization.k8s.io', version: 'v1', plural, kind, namespaced });
const KINDS: readonly ResourceType[] = [
  resources.namespace, resources.secret, { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
  rbac('clusterroles', 'ClusterRole', false), rbac('clusterrolebindings', 'ClusterRoleBinding', false), rbac('roles', 'Role', true), rbac('rolebindings', 'RoleBinding', true),
];

/** As the hub knows Lifeboat. */
export const LIFEBOAT_USER = 'system:serviceaccount:lifeboat:lifeboat';

/** Objects of RBAC keep what counts beside their metadata. */
interface RbacObject extends KubeObject {
  readonly rules?: readonly object[];
  readonly roleRef?: object;
  readonly subjects?: readonly object[];
}

/** What README.md tells to add for those who turn components on by API. */
const components: readonly RbacObject[] = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'lifeboat-components' },
    rules: [{ apiGroups: ['multicluster.openshift.io', 'operator.open-cluster-management.io'], resources: ['multiclusterengines', 'multiclusterhubs'], verbs: ['patch'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'lifeboat-components' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'lifeboat-components' }, subjects: [{ kind: 'ServiceAccount', name: 'lifeboat', namespace: 'lifeboat' }],
  },
];

/**
 * Does on a hub what README.md tells its administrator to do: applies deploy/hub-rbac.yaml.
 * @returns a token of Lifeboat's account, which has no right but those
 */
export async function grantLifeboat(server: RealKubeApiserver): Promise<string> {
  const client = new HubClient(server.connection(), { allowLoopback: true, userAgent: 'administrator' });
  try {
    const documents = parseAllDocuments(await readFile(new URL('../../deploy/hub-rbac.yaml', import.meta.url), 'utf8')).map((document) => document.toJS() as KubeObject);
    for (const object of [...documents, ...components]) {
      const type = KINDS.find(({ kind }) => kind === object.kind);
      if (type === undefined) throw new Error(`deploy/hub-rbac.yaml holds a ${object.kind}`);
      await client.create(type, object);
    }
  } finally {
    await client.close();
  }
  return askForToken(server);
}

/** TokenRequest: no controller runs that would fill a token Secret. */
async function askForToken(server: RealKubeApiserver): Promise<string> {
  const dispatcher = new Agent({ connect: { ca: server.caPem } });
  try {
    const { statusCode, body } = await request(`${server.url}/api/v1/namespaces/lifeboat/serviceaccounts/lifeboat/token`, {
      dispatcher, method: 'POST', headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 86_400 } }),
    });
    const answer = (await body.json()) as { status?: { token?: string } };
    if (statusCode !== 201 || answer.status?.token === undefined) throw new Error(`TokenRequest: HTTP ${statusCode}`);
    return answer.status.token;
  } finally {
    await dispatcher.close();
  }
}
