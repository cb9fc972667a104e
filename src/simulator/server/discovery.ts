import { apiVersionOf, type Kind } from '../store/kinds.js';

const STORED_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function resourceList(kinds: readonly Kind[], groupVersion: string): Record<string, unknown> {
  const entries = kinds.flatMap(({ plural, kind, namespaced, statusSubresource, review }) => {
    const main = { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs: review ? ['create'] : STORED_VERBS };
    return statusSubresource ? [main, { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update'] }] : [main];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: entries };
}

function groupOf(kinds: readonly Kind[], group: string): Record<string, unknown> {
  const versions = [...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version))];
  const named = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: named, preferredVersion: named[0] };
}

/** The documents by which clients find out what is served; null where the path is none of them. */
export function discover(path: string, kinds: readonly Kind[], gitVersion: string): Record<string, unknown> | null {
  const parts = path.split('/').filter(Boolean);
  if (path === '/version') {
    const [major = '1', minor = '0'] = gitVersion.replace(/^v/, '').split('.');
    return { major, minor, gitVersion, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'go1.24.6', compiler: 'gc', platform: 'linux/amd64' };
  }
  if (parts[0] === 'api' && parts.length === 1) {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:443' }] };
  }
  const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== '');
  if (parts[0] === 'apis' && parts.length === 1) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupOf(kinds, group)) };
  const [root, group = '', version = ''] = parts;
  if (root === 'apis' && parts.length === 2 && groups.includes(group)) return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(kinds, group) };
  const wanted = root === 'api' && parts.length === 2 ? group : root === 'apis' && parts.length === 3 ? `${group}/${version}` : null;
  const found = wanted === null ? [] : kinds.filter((kind) => apiVersionOf(kind) === wanted);
  return wanted !== null && found.length > 0 ? resourceList(found, wanted) : null;
}
