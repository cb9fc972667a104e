/** Every operation names exactly one of these; a start-up check sees to it. */
export const permissions = [
  'caller:read',
  'api-key:manage',
  'audit:read',
  'hub:read',
  'hub:register',
  'hub:update',
  'hub:inspect',
  'hub:enable-components',
  'hub:replace-credentials',
  'hub:remove',
  'hub:remove-protection',
  'cluster:read',
  'token:read',
  'backup:read',
  'backup-schedule:write',
  'plan:read',
  'plan:write',
  'readiness:read',
  'finding:acknowledge',
  'path:probe',
  'failover:read',
  'failover:start',
  'failover:abort',
  'failover:retry',
  'failover:decide',
  'import:supply-api-url',
  'restore:read',
  'change:read',
  'metrics:read',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof roles)[number];

const viewer = [
  'caller:read',
  'hub:read',
  'cluster:read',
  'token:read',
  'backup:read',
  'plan:read',
  'readiness:read',
  'failover:read',
  'restore:read',
  'change:read',
  'metrics:read',
] as const satisfies readonly Permission[];

const operator = [
  ...viewer,
  'hub:update',
  'hub:inspect',
  'hub:enable-components',
  'backup-schedule:write',
  'plan:write',
  'finding:acknowledge',
  'path:probe',
  'failover:start',
  'failover:abort',
  'failover:retry',
  'import:supply-api-url',
] as const satisfies readonly Permission[];

/**
 * Who may what. An operator does all that a viewer does; approver stands beside: it decides and acts on nothing else.
 * An admin may everything, yet nobody decides on a failover that they requested: that is checked where it is decided.
 */
export const permissionsOf: Readonly<Record<Role, readonly Permission[]>> = {
  viewer,
  operator,
  approver: [...viewer, 'failover:decide'],
  admin: permissions,
};

export function permissionsOfRoles(held: readonly string[]): ReadonlySet<Permission> {
  return new Set(roles.filter((role) => held.includes(role)).flatMap((role) => permissionsOf[role]));
}
