import type { AccessQuestion } from '../../kube/kube.types.js';

/** One rule of an allow-list, as in a Role: `*` stands for all. */
export interface AccessRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `secrets`, `restores/status`, `*` */
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Absent: in all namespaces, and cluster-scoped resources too */
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  /** Absent: everything is allowed */
  readonly allow?: readonly AccessRule[];
}

export interface IdentityOptions {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly allow?: readonly AccessRule[];
}

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && (list.includes('*') || list.includes(value));

function allows(rule: AccessRule, question: AccessQuestion): boolean {
  const resource = question.subresource ? `${question.resource}/${question.subresource}` : question.resource;
  return (
    has(rule.verbs, question.verb) &&
    has(rule.apiGroups ?? [''], question.group) &&
    (has(rule.resources, resource) || (question.subresource !== undefined && (rule.resources?.includes(`*/${question.subresource}`) ?? false))) &&
    (!rule.resourceNames?.length || (question.name !== undefined && rule.resourceNames.includes(question.name))) &&
    (!rule.namespaces || has(rule.namespaces, question.namespace ?? ''))
  );
}

/** Who may log in with which token, and what they may do. */
export class Identities {
  private readonly byToken = new Map<string, Identity>();

  add(token: string, { user, groups = ['system:authenticated'], allow }: IdentityOptions): void {
    this.byToken.set(token, { user, groups, allow });
  }

  /** From now on the token answers 401. */
  revoke(token: string): void {
    this.byToken.delete(token);
  }

  find(token: string): Identity | null {
    return this.byToken.get(token) ?? null;
  }

  fromHeader(header: string | undefined): Identity | null {
    const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
    return token ? this.find(token) : null;
  }

  mayAccess({ allow }: Identity, question: AccessQuestion): boolean {
    return !allow || allow.some((rule) => allows(rule, question));
  }

  mayGetPath({ allow }: Identity, path: string): boolean {
    if (!allow || PUBLIC_PATHS.some((open) => path === open || path.startsWith(`${open}/`))) return true;
    return allow.some(({ nonResourceURLs }) => nonResourceURLs?.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))));
  }
}

/** What the roles system:discovery and system:public-info-viewer give to every authenticated user. */
const PUBLIC_PATHS = ['/api', '/apis', '/healthz', '/livez', '/readyz', '/openapi', '/version'];
