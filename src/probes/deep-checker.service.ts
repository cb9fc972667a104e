import { Injectable, Optional } from '@nestjs/common';
import { secretKeys } from '../common/rhacm-names.js';
import { Secret } from '../common/secret.js';
import { at } from '../common/untrusted.js';
import { HubConnections } from '../hubs/hub-connections.service.js';
import type { HubClient } from '../kube/hub-client.js';
import { isKubeError, type KubeError } from '../kube/kube-error.js';
import type { KubeObject } from '../kube/kube.types.js';
import { resources } from '../kube/resources.js';
import { authoritiesIn, emptySecret, importRight, isTokenText, notTried, wordlessCluster, wordOfCluster } from './deep-check.rules.js';
import { probedUrl } from './probed-url.rules.js';
import type { DeepAnswer } from './probes.types.js';

/** Real times, which bound calls, in milliseconds, and how hard one hub and its clusters are asked. */
export class DeepCheckLimits {
  readonly callMs: number = 10_000;
  readonly perSecond: number = 5;
  readonly inFlight: number = 4;
}

/**
 * Asks a cluster whether it takes the token that a restore would use, and lets it do what an import does:
 *
 *   Secret on the source hub ─▶ in memory, for one call ─▶ SelfSubjectAccessReview on the cluster ─▶ yes, no, or 401
 *
 * The token goes to nobody whose certificate is not signed by the cluster's authority (of the ManagedCluster, or beside the token) or a
 * public one. The import controller does not look at the certificate; what it sends on one day must not be sent to anybody every day.
 */
@Injectable()
export class DeepChecker {
  constructor(
    private readonly connections: HubConnections,
    @Optional() readonly limits: DeepCheckLimits = new DeepCheckLimits(),
  ) {}

  /** @throws KubeError where the source hub does not give the token */
  async check(hub: HubClient, cluster: string, apiUrl: string, account: string, signal?: AbortSignal): Promise<DeepAnswer> {
    const url = probedUrl(apiUrl);
    if (url === null) return notTried('the API URL is no plain https:// address');
    const call = { deadlineMs: this.limits.callMs, ...(signal === undefined ? {} : { signal }) };
    const [secret, managedCluster] = await Promise.all([
      // By a list, so that the right to watch Secrets is enough
      hub.list(resources.secret, { namespace: cluster, fieldSelector: `metadata.name=${account}`, limit: 1, ...call }).then(({ items }) => items.find(({ metadata }) => metadata.name === account && metadata.namespace === cluster) ?? null),
      hub.find(resources.managedCluster, { name: cluster }, call),
    ]);
    const token = decoded(at(secret?.data, secretKeys.token));
    if (secret !== null && token === null) return emptySecret(account);
    if (token === null || !isTokenText(token)) return notTried(`the source hub holds nothing that is a token of ${account}`);
    const known = authoritiesIn([decoded(at(clientConfigOf(managedCluster), 'caBundle')), decoded(at(secret?.data, secretKeys.caCrt))]);
    return this.ask(url, account, new Secret(token), known, call);
  }

  /** With the cluster's own authorities, then with the public ones: a handshake that fails gives nothing away. */
  private async ask(url: URL, account: string, token: Secret, known: string | null, call: { deadlineMs: number; signal?: AbortSignal }): Promise<DeepAnswer> {
    let failure: KubeError | null = null;
    for (const trust of known === null ? [{}] : [{ caPem: known }, {}]) {
      const cluster = this.connections.clientOf({ server: url.href, ...trust, auth: { type: 'token', token } });
      try {
        return wordOfCluster(account, await cluster.mayI(importRight, call));
      } catch (error) {
        if (!isKubeError(error)) throw error;
        failure = error;
        if (error.code !== 'HUB_TLS_FAILED') break;
      } finally {
        await cluster.close();
      }
    }
    return failure === null ? notTried('nobody was asked') : wordlessCluster(account, failure);
  }
}

const clientConfigOf = (managedCluster: KubeObject | null): unknown => at(managedCluster?.spec, 'managedClusterClientConfigs', 0);

/** Of base64; null where there is no text. */
function decoded(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = Buffer.from(value, 'base64').toString('utf8').trim();
  return text === '' ? null : text;
}
