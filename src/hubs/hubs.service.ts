import { randomBytes } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { AuditService } from '../access/audit.service.js';
import type { Acting } from '../common/acting.js';
import { Clock } from '../common/clock.js';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { FleetChanges } from '../fleet/fleet-changes.service.js';
import type { HubConnection } from '../kube/hub-client.types.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError, type KubeErrorCode } from '../kube/kube-error.js';
import { parseKubeconfig, tokenConnection } from '../kube/kubeconfig.rules.js';
import type { ResourceType } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { enablePatch } from './components.rules.js';
import { connectionToText } from './connection-text.rules.js';
import { CredentialSealer } from './credential-sealer.service.js';
import { HubConnections } from './hub-connections.service.js';
import { HubInspector, type Inspection } from './hub-inspector.service.js';
import {
  ComponentHostMissingError, HubContactFailedError, HubCredentialsUnreadableError, HubInUseError, HubIsAnotherClusterError, HubNotFoundError, HubRightsMissingError,
  HubVersionConflictError, ReasonRequiredError,
} from './hubs.errors.js';
import { HubsRepository } from './hubs.repository.js';
import type { Hub, HubAccess, HubChange, HubComponent, HubFilter, HubSortField, HubUpdate, Prerequisite, RegisterHub } from './hubs.types.js';
import { changedHub, checkHubChange, checkHubName, isAboutProtection, type CheckedHubChange } from './hub-input.rules.js';
import { policyPreview } from './policy-preview.rules.js';
import { clockVerdict, CREDENTIALS_UNREADABLE, prerequisitesOf } from './prerequisites.rules.js';
import { rightInWords } from './hub-rights.rules.js';

/** Failures of a first contact that the caller's input is to blame for, not the moment. */
const INPUT_TO_BLAME: readonly KubeErrorCode[] = ['HUB_TLS_FAILED', 'HUB_ADDRESS_REFUSED', 'HUB_UNAUTHORIZED', 'HUB_REDIRECT_REFUSED', 'HUB_ANSWER_MALFORMED'];

const HOSTS: Readonly<Record<HubComponent, ResourceType>> = { MANAGED_SERVICE_ACCOUNT: resources.multiClusterEngine, CLUSTER_BACKUP: resources.multiClusterHub };

/** How often a patch is tried again where someone changed the resource between reading and writing. */
const PATCH_TRIES = 5;

@Injectable()
export class HubsService {
  private readonly logger = new Logger(HubsService.name);

  constructor(
    private readonly repository: HubsRepository,
    private readonly connections: HubConnections,
    private readonly sealer: CredentialSealer,
    private readonly inspector: HubInspector,
    private readonly audit: AuditService,
    private readonly changes: FleetChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * Contacts the hub first; whatever is wrong, nothing is stored.
   * @throws HubInputInvalidError, KubeconfigError, HubContactFailedError (HUB_TLS_FAILED, HUB_UNAUTHORIZED…), HubRightsMissingError,
   *   HubNameTakenError, HubAlreadyRegisteredError, KubeError (HUB_UNREACHABLE, HUB_TIMEOUT…)
   */
  async register(input: RegisterHub, by: Acting): Promise<Hub> {
    const name = checkHubName(input.name);
    const connection = connectionOf(input);
    const inspection = await this.contact(connection);
    const now = this.clock.now();
    const id = uuidV7(now);
    const { keyId, sealed } = this.sealer.seal(id, connectionToText(connection));
    const { setup: _recordedBelow, ...identity } = inspection.identity;
    const hub = { ...identity, id, name, apiUrl: connection.server, createdBy: by.actor, createdAt: now };
    await this.repository.create(hub, { keyId, sealed, sealedAt: now });
    await this.repository.recordInspection(id, inspection.identity, prerequisitesOf(inspection.reading), now);
    await this.repository.noteReachable(id, now, inspection.reading.clockSkewSeconds);
    await this.audit.record({ action: 'hub.register', subject: `hub/${id}`, by, details: { name, apiUrl: connection.server, clusterId: hub.clusterId } });
    await this.changes.publish({ hubId: id, topic: 'HUB' });
    return this.get(id);
  }

  list(filter: HubFilter, sort: Sort<HubSortField>, request: ListRequest): Promise<Page<Hub>> {
    return this.repository.list(filter, sort, request);
  }

  /** @throws HubNotFoundError, also for a removed hub */
  async get(hubId: string): Promise<Hub> {
    const hub = await this.repository.find(hubId);
    if (hub === null) throw new HubNotFoundError(hubId);
    return hub;
  }

  /** Of those ids that exist, removed hubs included; in any order. */
  getMany(hubIds: readonly string[]): Promise<Hub[]> {
    return this.repository.findMany(hubIds);
  }

  /** Every hub that is not removed, by name. */
  all(): Promise<Hub[]> {
    return this.repository.all();
  }

  /**
   * With `dryRun` nothing is stored, and the answer tells the hub as it would be and whom its exclusions would hit.
   * @throws HubNotFoundError, HubVersionConflictError, HubNameTakenError, HubInputInvalidError
   */
  async update(hubId: string, change: HubChange, expectedVersion: number, by: Acting, { dryRun = false }: { dryRun?: boolean } = {}): Promise<HubUpdate> {
    const checked = checkHubChange(change);
    const hub = dryRun ? await this.wouldBe(hubId, checked, expectedVersion) : await this.repository.update(hubId, checked, expectedVersion, this.clock.now());
    const preview = isAboutProtection(checked) ? policyPreview(hub, await this.repository.clustersInNeed(hubId)) : null;
    if (dryRun) return { hub, preview };
    await this.audit.record({ action: 'hub.update', subject: `hub/${hubId}`, by, details: { ...checked } });
    await this.changes.publish({ hubId, topic: 'HUB' });
    return { hub, preview };
  }

  private async wouldBe(hubId: string, change: CheckedHubChange, expectedVersion: number): Promise<Hub> {
    const hub = await this.get(hubId);
    if (hub.version !== expectedVersion) throw new HubVersionConflictError(hubId, expectedVersion);
    return changedHub(hub, change);
  }

  /**
   * The hub is contacted with the new credentials first; they must lead to the same cluster.
   * @throws as register, and HubNotFoundError, HubIsAnotherClusterError
   */
  async replaceCredentials(hubId: string, access: HubAccess, by: Acting): Promise<Hub> {
    const hub = await this.get(hubId);
    const connection = connectionOf(access);
    const inspection = await this.contact(connection);
    const found = inspection.identity.clusterId;
    if (hub.clusterId !== null && hub.clusterId !== found) throw new HubIsAnotherClusterError(hub.clusterId, found);
    const now = this.clock.now();
    const { keyId, sealed } = this.sealer.seal(hubId, connectionToText(connection));
    await this.repository.replaceCredential(hubId, connection.server, { keyId, sealed, sealedAt: now }, now);
    await this.connections.forget(hubId);
    await this.repository.recordInspection(hubId, inspection.identity, prerequisitesOf(inspection.reading), now);
    await this.audit.record({ action: 'hub.replaceCredentials', subject: `hub/${hubId}`, by, details: { apiUrl: connection.server } });
    await this.changes.publish({ hubId, topic: 'HUB' });
    return this.get(hubId);
  }

  /** Nothing on the hub is touched. @throws HubNotFoundError, ReasonRequiredError, HubInUseError */
  async remove(hubId: string, by: Acting): Promise<void> {
    requireReason('Removing a hub', by);
    const hub = await this.get(hubId);
    const uses = await this.repository.usesOf(hubId);
    if (uses.length > 0) throw new HubInUseError(hubId, uses);
    await this.repository.remove(hubId, this.clock.now());
    await this.connections.forget(hubId);
    await this.audit.record({ action: 'hub.remove', subject: `hub/${hubId}`, by, details: { name: hub.name } });
    await this.changes.publish({ hubId, topic: 'HUB' });
  }

  /**
   * Looks at the hub now. A hub that does not answer keeps its last findings and is told as UNREACHABLE.
   * @throws HubNotFoundError, HubAlreadyRegisteredError (its cluster id became another hub's), KubeError
   */
  async inspect(hubId: string, by: Acting): Promise<Prerequisite[]> {
    await this.get(hubId);
    await this.inspectNow(hubId);
    await this.audit.record({ action: 'hub.inspect', subject: `hub/${hubId}`, by });
    return this.prerequisites(hubId);
  }

  /** As the last inspection found them. @throws HubNotFoundError */
  async prerequisites(hubId: string): Promise<Prerequisite[]> {
    await this.get(hubId);
    return this.repository.prerequisites([hubId]);
  }

  prerequisitesOf(hubIds: readonly string[]): Promise<Prerequisite[]> {
    return this.repository.prerequisites(hubIds);
  }

  /**
   * Turns components on; those that are on already are left alone, and so is every other entry. Inspects afterwards.
   * @throws HubNotFoundError, ReasonRequiredError, ComponentHostMissingError, KubeError
   */
  async enableComponents(hubId: string, enable: readonly HubComponent[], by: Acting): Promise<Prerequisite[]> {
    requireReason('Enabling components of a hub', by);
    await this.get(hubId);
    const client = await this.connections.clientFor(hubId);
    for (const component of new Set(enable)) await enableComponent(client, hubId, component);
    await this.audit.record({ action: 'hub.enableComponents', subject: `hub/${hubId}`, by, details: { enable: [...new Set(enable)] } });
    await this.inspectNow(hubId);
    return this.prerequisites(hubId);
  }

  /** For the upkeep: an inspection without a caller. What fails is recorded and thrown. @throws HubNotFoundError, KubeError */
  async inspectNow(hubId: string): Promise<void> {
    const now = this.clock.now();
    let inspection: Inspection;
    try {
      inspection = await this.inspector.inspect(await this.connections.clientFor(hubId));
    } catch (error) {
      if (error instanceof HubCredentialsUnreadableError) await this.noteCredentialsUnreadable(hubId);
      if (isKubeError(error)) await this.noteUnreachable(hubId, error.code);
      throw error;
    }
    const isNews = await this.repository.recordInspection(hubId, inspection.identity, prerequisitesOf(inspection.reading), now);
    await this.noteReachable(hubId, now);
    if (isNews) await this.changes.publish({ hubId, topic: 'HUB' });
  }

  /** Hubs whose last inspection is older than that, or never was. */
  inspectionsDue(olderThanMs: number): Promise<string[]> {
    return this.repository.inspectedBefore(new Date(this.clock.now().getTime() - olderThanMs));
  }

  /** Watchers tell that the hub answered. */
  async noteReachable(hubId: string, at: Date): Promise<void> {
    const skewSeconds = this.connections.clockSkewSeconds(hubId);
    const { isBack, hasNewSkew } = await this.repository.noteReachable(hubId, at, skewSeconds);
    const isOff = hasNewSkew && skewSeconds !== null && (await this.repository.recordInspection(hubId, null, [clockVerdict(skewSeconds)], this.clock.now()));
    if (isBack || isOff) await this.changes.publish({ hubId, topic: 'HUB' });
  }

  /** Watchers tell that the hub does not answer, or not as it should. */
  async noteUnreachable(hubId: string, errorCode: string): Promise<void> {
    if (await this.repository.noteUnreachable(hubId, errorCode, this.clock.now())) await this.changes.publish({ hubId, topic: 'HUB' });
  }

  /** A finding of that hub alone: the others go on. */
  async noteCredentialsUnreadable(hubId: string): Promise<void> {
    await this.repository.recordInspection(hubId, null, [CREDENTIALS_UNREADABLE], this.clock.now());
    await this.noteUnreachable(hubId, 'HUB_CREDENTIALS_UNREADABLE');
  }

  async noteStorage(hubId: string): Promise<void> {
    await this.repository.noteStorage(hubId);
  }

  /** Seals anew, with the current key, what is sealed with another. May die after any row and go on later. */
  async resealCredentials(): Promise<void> {
    for (const hubId of await this.repository.sealedWithOtherKeys(this.sealer.currentKeyId)) {
      const old = await this.repository.credential(hubId);
      if (old === null) continue;
      try {
        const { keyId, sealed } = this.sealer.seal(hubId, this.sealer.open(hubId, old));
        await this.repository.reseal(hubId, old, keyId, sealed);
      } catch (error) {
        if (!(error instanceof HubCredentialsUnreadableError)) throw error;
        this.logger.error({ hub: hubId, keyId: old.keyId }, 'The credentials of a hub cannot be opened');
        await this.noteCredentialsUnreadable(hubId);
      }
    }
  }

  /** A first look through a client of its own. @throws as register */
  private async contact(connection: HubConnection): Promise<Inspection> {
    let client: HubClient | null = null;
    try {
      client = this.connections.clientOf(connection);
      await client.serverVersion();
      const missing = (await this.inspector.missingRights(client)).filter(({ purpose }) => purpose === 'READ');
      if (missing.length > 0) throw new HubRightsMissingError(missing.map(rightInWords));
      return await this.inspector.inspect(client);
    } catch (error) {
      if (isKubeError(error, 'HUB_FORBIDDEN')) throw new HubRightsMissingError(['ask what they may do, or read what was asked for'], { cause: error });
      if (isKubeError(error, ...INPUT_TO_BLAME)) throw new HubContactFailedError(error);
      throw error;
    } finally {
      await client?.close();
    }
  }
}

export function requireReason(what: string, by: Acting): void {
  if (by.reason === undefined || by.reason.trim() === '') throw new ReasonRequiredError(what);
}

const connectionOf = (access: HubAccess): HubConnection =>
  'kubeconfig' in access ? parseKubeconfig(access.kubeconfig.reveal(), access.context) : tokenConnection(access);

async function enableComponent(client: HubClient, hubId: string, component: HubComponent): Promise<void> {
  const type = HOSTS[component];
  for (let tries = 1; ; tries += 1) {
    const [host] = await hostsOf(client, type, hubId);
    if (host === undefined) throw new ComponentHostMissingError(hubId, type.kind);
    const patch = enablePatch(host, component);
    if (patch === null) return;
    try {
      await client.patch(type, { name: host.metadata.name, ...(host.metadata.namespace === undefined ? {} : { namespace: host.metadata.namespace }) }, patch, { patchType: 'json' });
      return;
    } catch (error) {
      // A failed test answers 422, a lost race 409: someone else changed it meanwhile.
      if (tries >= PATCH_TRIES || !isKubeError(error, 'KUBE_CONFLICT', 'KUBE_INVALID')) throw error;
    }
  }
}

async function hostsOf(client: HubClient, type: ResourceType, hubId: string) {
  try {
    return (await client.list(type)).items;
  } catch (error) {
    if (isKubeError(error, 'KUBE_NOT_FOUND')) throw new ComponentHostMissingError(hubId, type.kind, { cause: error });
    throw error;
  }
}

/** The row's id must be known before the row, since the seal is bound to it. @see RFC 9562, version 7 */
function uuidV7(now: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
