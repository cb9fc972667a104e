import { resources } from '../../kube/resources.js';
import type { HubEnv } from './hub-env.js';
import { list, record, specOf } from './json.js';

const enabledIn = (spec: Record<string, unknown>, names: readonly string[]): boolean =>
  list(record(spec['overrides'])['components']).map(record).some(({ name, enabled }) => names.includes(String(name)) && enabled === true);

/** The engine's component, under its present or its older name. */
export function isServiceAccountComponentOn({ informers }: HubEnv): boolean {
  return [...informers.of(resources.multiClusterEngine).all()].some((engine) => enabledIn(specOf(engine), ['managedserviceaccount', 'managedserviceaccount-preview']));
}

/** The hub's component `cluster-backup`: without it neither the backup operator nor Velero runs. */
export function isBackupComponentOn({ informers }: HubEnv): boolean {
  return [...informers.of(resources.multiClusterHub).all()].some((hub) => enabledIn(specOf(hub), ['cluster-backup']));
}
