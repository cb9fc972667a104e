/** Where probes leave their Pods for a moment: Lifeboat's own. The right to make Pods among Velero's would be the right to all that Velero may. */
export const probeNamespace = 'lifeboat';

/** Every right that a probe uses on a target hub, in that namespace; deploy/hub-rbac-probe.yaml grants exactly these. */
export const probeRights: readonly { readonly verb: string; readonly resource: string }[] = [
  ...['create', 'delete', 'list'].map((verb) => ({ verb, resource: 'pods' })),
  { verb: 'patch', resource: 'pods/status' },
  { verb: 'get', resource: 'pods/proxy' },
];
