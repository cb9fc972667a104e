import { randomUUID } from 'node:crypto';
import { Injectable, Logger, Optional } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { instantOf } from '../common/untrusted.js';
import { Config } from '../config/config.js';
import { allowedAddresses, knockAt } from '../kube/cluster-door.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError } from '../kube/kube-error.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import type { OwnAnswer, PathAnswer } from './probes.types.js';
import { notAnswered, notProbed, notResolved, ownAnswer, ownFailure, pathAnswerOf } from './proxy-answer.rules.js';
import { probeNamespace } from './probe-rights.rules.js';
import { probedUrl, versionPathOf } from './probed-url.rules.js';

/** Real times, which bound calls, in milliseconds, and how hard one hub is asked. */
export class ProbeLimits {
  readonly resolveMs: number = 5_000;
  /** A kube-apiserver dials for 30 s before it says that it reached nothing */
  readonly proxyMs: number = 40_000;
  readonly ownMs: number = 10_000;
  readonly perSecond: number = 5;
  readonly inFlight: number = 4;
}

const REMOVE_MS = 5_000;
/** What is older than this is nobody's any more. */
const LEFTOVER_MS = 5 * 60_000;

const namespace = probeNamespace;
const LABELS = { 'app.kubernetes.io/managed-by': 'lifeboat', 'app.kubernetes.io/component': 'path-probe' } as const;
const SELECTOR = Object.entries(LABELS).map(([key, value]) => `${key}=${value}`).join(',');
/** By our clock, so that another one's skew makes no probe a leftover. */
const MADE_AT = 'lifeboat/made-at';

/** Never scheduled, so that nothing ever runs: it only bears an address. Fits the strictest pod security standard. */
const podOf = (name: string, madeAt: Date): KubeObject => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: LABELS, annotations: { [MADE_AT]: madeAt.toISOString() } },
  spec: {
    schedulingGates: [{ name: 'lifeboat/never' }], automountServiceAccountToken: false, enableServiceLinks: false, terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'none', image: 'lifeboat.invalid/none', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
  },
});

/**
 * Asks whether a hub's control plane reaches a cluster's API server. The hub is lent the way for a moment:
 *
 *   Pod that is never scheduled ─▶ its status bears the cluster's address ─▶ GET …/pods/https:NAME:PORT/proxy/version ─▶ Pod removed
 *
 * The hub sends no credentials along, and neither do we. What a process that died leaves behind, `removeLeftovers` takes away.
 */
@Injectable()
export class PathProber {
  private readonly logger = new Logger(PathProber.name);

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    @Optional() readonly limits: ProbeLimits = new ProbeLimits(),
  ) {}

  /** The way from the hub. Never throws a KubeError: what went wrong is the answer. */
  async fromHub(client: HubClient, apiUrl: string, signal?: AbortSignal): Promise<PathAnswer> {
    const url = probedUrl(apiUrl);
    if (url === null) return { state: 'UNKNOWN', code: 'API_URL_INVALID', detail: 'The API URL is no plain https:// address' };
    const addresses = await this.resolve(url, signal);
    if ('code' in addresses) return addresses;
    const [address = ''] = addresses;
    const answer = await this.through(client, url, address, signal);
    const wasNamed = address !== url.hostname.replace(/^\[|\]$/g, '');
    return wasNamed && answer.state !== 'UNKNOWN' ? { ...answer, detail: `${answer.detail} (asked at ${address}: the name was resolved where Lifeboat runs)` } : answer;
  }

  /** The way from here. Never throws a KubeError. */
  async fromHere(apiUrl: string, signal?: AbortSignal): Promise<OwnAnswer> {
    const url = probedUrl(apiUrl);
    if (url === null) return { code: 'API_URL_INVALID', detail: 'The API URL is no plain https:// address' };
    try {
      return ownAnswer(await knockAt(url, versionPathOf(url), { allowLoopback: this.config.allowLoopbackHubs, deadlineMs: this.limits.ownMs, ...callOf(signal) }));
    } catch (error) {
      if (!isKubeError(error)) throw error;
      return ownFailure(error);
    }
  }

  /** Takes away what probes left on a hub when their process died. @throws KubeError */
  async removeLeftovers(client: HubClient, signal?: AbortSignal): Promise<number> {
    const oldest = this.clock.now().getTime() - LEFTOVER_MS;
    let removed = 0;
    for await (const page of client.listAll(resources.pod, { namespace, labelSelector: SELECTOR, metadataOnly: true, ...callOf(signal) })) {
      for (const { metadata } of page.items) {
        const madeAt = instantOf(metadata.annotations?.[MADE_AT]) ?? instantOf(metadata.creationTimestamp);
        if (madeAt !== null && madeAt.getTime() > oldest) continue;
        const preconditions = metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } };
        if (await client.delete(resources.pod, { name: metadata.name, namespace }, { ...preconditions, ...callOf(signal) })) removed += 1;
      }
    }
    return removed;
  }

  private async resolve(url: URL, signal: AbortSignal | undefined): Promise<string[] | PathAnswer> {
    try {
      return await allowedAddresses(url, { allowLoopback: this.config.allowLoopbackHubs }, this.limits.resolveMs, signal);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      return notResolved(error);
    }
  }

  private async through(client: HubClient, url: URL, address: string, signal: AbortSignal | undefined): Promise<PathAnswer> {
    const name = `lifeboat-probe-${randomUUID()}`;
    const port = Number(url.port || 443);
    const ref = { name, namespace };
    let doing: string | null = 'make the probe’s Pod';
    let hubKnowsUs = false;
    try {
      await client.create(resources.pod, podOf(name, this.clock.now()), callOf(signal));
      doing = 'give the probe’s Pod the address';
      await client.patch(resources.pod, ref, { status: { podIP: address, podIPs: [{ ip: address }] } }, { patchType: 'merge', subresource: 'status', ...callOf(signal) });
      doing = null;
      const answer = await client.askPod(ref, port, versionPathOf(url), { deadlineMs: this.limits.proxyMs, ...callOf(signal) });
      hubKnowsUs = await this.remove(client, name);
      return pathAnswerOf(answer, name, hubKnowsUs);
    } catch (error) {
      if (!isKubeError(error)) throw error;
      if (!hubKnowsUs) await this.remove(client, name);
      return doing === null ? notAnswered(error) : notProbed(error, doing);
    }
  }

  /** @returns whether the hub took it: what it did not take is left to `removeLeftovers` */
  private async remove(client: HubClient, name: string): Promise<boolean> {
    try {
      await client.delete(resources.pod, { name, namespace }, { deadlineMs: REMOVE_MS });
      return true;
    } catch (error) {
      if (!isKubeError(error)) throw error;
      this.logger.debug({ code: error.code }, 'The Pod of a probe is left to the sweep');
      return false;
    }
  }
}

const callOf = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
