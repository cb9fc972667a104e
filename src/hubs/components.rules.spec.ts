import fastJsonPatch from 'fast-json-patch';
import type { KubeObject } from '../kube/kube.types.js';
import { enablePatch, isComponentEnabled } from './components.rules.js';

const host = (spec: unknown): KubeObject => ({ apiVersion: 'v1', kind: 'MultiClusterEngine', metadata: { name: 'mce', resourceVersion: '7' }, ...(spec === undefined ? {} : { spec }) });
const applied = (object: KubeObject): KubeObject => {
  const patch = enablePatch(object, 'MANAGED_SERVICE_ACCOUNT');
  return patch === null ? object : fastJsonPatch.applyPatch(structuredClone(object), [...patch] as fastJsonPatch.Operation[], true).newDocument;
};
const other = { name: 'hive', enabled: true, configOverrides: {} };
const on = { name: 'managedserviceaccount', enabled: true };

test.each([
  { because: 'no spec at all', spec: undefined, components: [on] },
  { because: 'no overrides', spec: { targetNamespace: 'x' }, components: [on] },
  { because: 'overrides without components', spec: { overrides: { imagePullPolicy: 'Always' } }, components: [on] },
  { because: 'others stay', spec: { overrides: { components: [other] } }, components: [other, on] },
  { because: 'an entry that is off is turned on in its place', spec: { overrides: { components: [{ name: 'managedserviceaccount', enabled: false }, other] } }, components: [on, other] },
  { because: 'the name of older releases is kept', spec: { overrides: { components: [{ name: 'managedserviceaccount-preview', enabled: false }] } }, components: [{ name: 'managedserviceaccount-preview', enabled: true }] },
  { because: 'an entry without the switch gets it', spec: { overrides: { components: [{ name: 'managedserviceaccount' }] } }, components: [on] },
])('$because', ({ spec, components }) => {
  const result = applied(host(spec));
  expect(result).toMatchObject({ spec: { overrides: { components } } });
  expect(isComponentEnabled(result, 'MANAGED_SERVICE_ACCOUNT')).toBe(true);
  expect(enablePatch(result, 'MANAGED_SERVICE_ACCOUNT')).toBeNull();
});

test('the patch fails where someone changed the resource meanwhile', () => {
  const patch = enablePatch(host({}), 'CLUSTER_BACKUP') ?? [];
  const changed = { ...host({}), metadata: { name: 'mce', resourceVersion: '8' } };
  expect(() => fastJsonPatch.applyPatch(changed, [...patch] as fastJsonPatch.Operation[], true)).toThrow();
});
