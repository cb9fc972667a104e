import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { neededRights } from './hub-rights.rules.js';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly { readonly apiGroups: readonly string[]; readonly resources: readonly string[]; readonly verbs: readonly string[]; readonly resourceNames?: readonly string[] }[];
}

test('deploy/hub-rbac-remove.yaml grants what a removal needs beyond that', () => {
  const roles = parseAllDocuments(readFileSync('deploy/hub-rbac-remove.yaml', 'utf8')).map((document) => document.toJS() as Role);
  const granted = roles.flatMap(({ rules = [] }) => rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`))));
  const held = new Set(neededRights.map(({ verb, resource }) => `${verb} ${resource}`));
  const used = ['managedclusteraddons', 'managedserviceaccounts', 'manifestworks'].map((resource) => `delete ${resource}`).concat('patch secrets');
  expect(granted.sort()).toEqual(used.filter((right) => !held.has(right)));
});

test('deploy/hub-rbac.yaml grants exactly what the code asks for', () => {
  const roles = parseAllDocuments(readFileSync('deploy/hub-rbac.yaml', 'utf8')).map((document) => document.toJS() as Role);
  const granted = roles.flatMap(({ metadata, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => resourceNames.map((name) => [metadata.name === 'lifeboat-observe' ? 'observe' : 'act', metadata.namespace ?? '', group, resource, verb, name].join(' '))),
        ),
      ),
    ),
  );
  const needed = neededRights.map(({ purpose, namespace, group, resource, verb, name }) => [['READ', 'CHECK', 'VERIFY'].includes(purpose) ? 'observe' : 'act', namespace ?? '', group, resource, verb, name ?? ''].join(' '));
  expect(granted.sort()).toEqual([...new Set(needed)].sort());
});
