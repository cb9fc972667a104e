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

const ANONYMOUS: Identity = { user: 'system:anonymous', groups: ['system:unauthenticated'], allow: [] };
const isAnonymous = ({ groups }: Identity): boolean => groups.includes('system:unauthenticated');

/** What system:public-info-viewer gives to everyone. */
const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version'];
/** What system:discovery gives to every authenticated user. */
const DISCOVERY_PATHS = ['/api', '/apis', '/openapi'];
/** What system:basic-user gives: to ask about oneself. */
const SELF_REVIEWS = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'];

const isUnder = (paths: readonly string[], path: string): boolean => paths.some((each) => path === each || path.startsWith(`${each}/`));

/** Who may log in with which token or client certificate, and what they may do. */
export class Identities {
  private readonly byToken = new Map<string, Identity>();
  private readonly byUser = new Map<string, Identity>();

  add(token: string, options: IdentityOptions): void {
    this.byToken.set(token, identityOf(options));
  }

  /** Lets a user in by a client certificate of that common name. */
  addUser(options: IdentityOptions): void {
    this.byUser.set(options.user, identityOf(options));
  }

  /** From now on the token answers 401. */
  revoke(token: string): void {
    this.byToken.delete(token);
  }

  find(token: string): Identity | null {
    return this.byToken.get(token) ?? null;
  }

  /**
   * @param header the Authorization header
   * @param certificateUser the common name of a client certificate that our CA signed
   * @returns null where credentials were shown that are not known: 401. Without credentials: the anonymous user
   */
  authenticate(header: string | undefined, certificateUser: string | null): Identity | null {
    if (certificateUser !== null) return this.byUser.get(certificateUser) ?? identityOf({ user: certificateUser, allow: [] });
    if (header === undefined) return ANONYMOUS;
    const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
    return token ? this.find(token) : null;
  }

  mayAccess(identity: Identity, question: AccessQuestion): boolean {
    const { allow } = identity;
    if (!allow || allow.some((rule) => allows(rule, question))) return true;
    return !isAnonymous(identity) && question.verb === 'create' && SELF_REVIEWS.includes(question.resource);
  }

  mayGetPath(identity: Identity, path: string): boolean {
    if (!identity.allow || isUnder(PUBLIC_PATHS, path) || (!isAnonymous(identity) && isUnder(DISCOVERY_PATHS, path))) return true;
    return identity.allow.some(({ nonResourceURLs }) => nonResourceURLs?.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))));
  }
}

const identityOf = ({ user, groups = [], allow }: IdentityOptions): Identity => ({ user, groups: [...new Set([...groups, 'system:authenticated'])], allow });
