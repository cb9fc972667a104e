import type { AccessQuestion } from '../../kube/kube.types.js';
import { isRecord } from '../store/deep-equal.js';
import { apiVersionOf, type Kind } from '../store/kinds.js';
import type { AccessRule, Identities, Identity } from './identities.js';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function mayI(identities: Identities, identity: Identity, spec: Record<string, unknown>): boolean {
  const path = spec['nonResourceAttributes'];
  if (isRecord(path)) return identities.mayGetPath(identity, text(path['path']) ?? '/');
  const asked = isRecord(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
  const question: AccessQuestion = {
    verb: text(asked['verb']) ?? '',
    group: text(asked['group']) ?? '',
    resource: text(asked['resource']) ?? '',
    namespace: text(asked['namespace']),
    name: text(asked['name']),
    subresource: text(asked['subresource']),
  };
  return identities.mayAccess(identity, question);
}

const EVERYTHING: readonly AccessRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];

function rulesOf({ allow = EVERYTHING }: Identity, namespace: string): Record<string, unknown> {
  const here = allow.filter((rule) => !rule.namespaces || rule.namespaces.includes('*') || rule.namespaces.includes(namespace));
  return {
    resourceRules: here.filter((rule) => !rule.nonResourceURLs).map(({ verbs, apiGroups = [''], resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) })),
    nonResourceRules: here.filter((rule) => rule.nonResourceURLs).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}

function tokenStatus(identities: Identities, spec: Record<string, unknown>): Record<string, unknown> {
  const found = identities.find(text(spec['token']) ?? '');
  return found ? { authenticated: true, user: { username: found.user, groups: found.groups } } : { user: {}, error: 'invalid bearer token' };
}

/** Answers the kinds that are questions. */
export function answerReview(kind: Kind, body: unknown, identity: Identity, identities: Identities): Record<string, unknown> {
  const object = isRecord(body) ? body : {};
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const head = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata: {}, spec };
  switch (kind.kind) {
    case 'SelfSubjectAccessReview':
      return { ...head, status: { allowed: mayI(identities, identity, spec) } };
    case 'SelfSubjectRulesReview':
      return { ...head, spec: {}, status: rulesOf(identity, text(spec['namespace']) ?? '') };
    case 'TokenReview':
      return { ...head, status: tokenStatus(identities, spec) };
    default:
      return { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata: {}, status: { userInfo: { username: identity.user, groups: identity.groups } } };
  }
}
