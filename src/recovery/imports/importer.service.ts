import { Injectable } from '@nestjs/common';
import { annotations, annotationValues, autoImportRetry, labels, labelValues, secretKeys, secrets } from '../../common/rhacm-names.js';
import { inParallel } from '../../common/in-parallel.js';
import { Secret } from '../../common/secret.js';
import { at, instantOf } from '../../common/untrusted.js';
import type { HubClient } from '../../kube/hub-client.js';
import { isKubeError } from '../../kube/kube-error.js';
import type { KubeObject } from '../../kube/kube.types.js';
import { resources } from '../../kube/resources.js';
import { HubViewService, type ClusterOnHub } from '../hub-view.service.js';
import { chooseToken, planImport, type ImportDecision, type ReadToken } from './import-plan.rules.js';
import type { ImportOutcomeCode } from './imports.types.js';
import { jwtExpiry } from './jwt-expiry.rules.js';
import type { TokenCandidate } from './token-choice.rules.js';

/** Clusters worked on at once. More gains nothing on a kube-apiserver. */
const PLACES = 32;

/** What the importer knows of one import beside what the hub shows. */
export interface OpenImport {
  readonly cluster: string;
  readonly origin: 'IMPORTED' | 'HIVE' | 'HOSTED' | 'LOCAL';
  readonly suppliedApiUrl: string | null;
  readonly knownBefore: boolean;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly ended: ImportOutcomeCode | null;
  readonly windowEndsAt: Date;
}

/** A look at the target, once for all clusters. */
export interface TargetView {
  readonly clusters: ReadonlyMap<string, ClusterOnHub>;
  readonly tokens: ReadonlyMap<string, readonly TokenCandidate[]>;
  readonly importSecrets: ReadonlyMap<string, { readonly restored: boolean }>;
}

export interface PlannedImport {
  readonly cluster: string;
  readonly decision: ImportDecision;
}

/** What a try came to. */
export type TryResult =
  | { readonly cluster: string; readonly did: 'WROTE' | 'KEPT'; readonly account: string | null }
  | { readonly cluster: string; readonly did: 'END'; readonly outcome: ImportOutcomeCode; readonly message: string }
  /** Whether it had an effect is not known, or the hub refused; the next look tells */
  | { readonly cluster: string; readonly did: 'UNKNOWN'; readonly message: string };

interface Held { readonly token: Secret<string>; readonly expiresAt: Date | null }

/**
 * Brings clusters back on a target: by the operator's own post-restore rules, and then further. Tokens are read one cluster at a time,
 * only when one is needed, and live as long as the call that writes them.
 * @see cluster-backup-operator, controllers/restore_post.go
 */
@Injectable()
export class ImporterService {
  constructor(private readonly view: HubViewService) {}

  /** @throws KubeError */
  async look(client: HubClient, signal: AbortSignal): Promise<TargetView> {
    const [clusters, tokens, importSecrets] = await Promise.all([this.view.clusters(client, signal), this.view.tokenSecrets(client, signal), this.view.importSecrets(client, signal)]);
    return { clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])), tokens, importSecrets };
  }

  plan(imports: readonly OpenImport[], seen: TargetView, now: Date): PlannedImport[] {
    return imports.map((one) => ({
      cluster: one.cluster,
      decision: planImport(
        { ...one, cluster: seen.clusters.get(one.cluster) ?? null, tokens: seen.tokens.get(one.cluster) ?? [], importSecret: seen.importSecrets.get(one.cluster) ?? null },
        now, one.windowEndsAt,
      ),
    }));
  }

  /** Tries those that are due. Each result stands for itself: one cluster's failure is no other's. */
  async tryAll(client: HubClient, planned: readonly PlannedImport[], seen: TargetView, now: Date, assertHeld: () => void, signal: AbortSignal): Promise<TryResult[]> {
    const results: TryResult[] = [];
    await inParallel(planned, PLACES, async ({ cluster, decision }) => {
      if (decision.do !== 'TRY') return;
      assertHeld();
      try {
        results.push(await this.tryOne(client, cluster, decision, seen, now, signal));
      } catch (error) {
        if (!isKubeError(error) || signal.aborted) throw error;
        results.push({ cluster, did: 'UNKNOWN', message: `${error.code}: ${error.message}` });
      }
    });
    return results;
  }

  private async tryOne(client: HubClient, cluster: string, { server, rejected, failing }: Extract<ImportDecision, { do: 'TRY' }>, seen: TargetView, now: Date, signal: AbortSignal): Promise<TryResult> {
    const candidates = seen.tokens.get(cluster) ?? [];
    const [inPlace, ...read] = await Promise.all([
      // Where the look saw none, none is looked for again: if there is one by now, making ours tells.
      seen.importSecrets.has(cluster) ? client.find(resources.secret, { name: secrets.autoImport, namespace: cluster }, { signal }) : null,
      ...candidates.map(async ({ account, expiresAt }) => ({ account, expiresAt, object: await client.find(resources.secret, { name: account, namespace: cluster }, { signal }) })),
    ]);
    if (inPlace !== null && at(inPlace.metadata.labels, labels.restoreAutoImportSecret) !== labelValues.true) {
      return { cluster, did: 'KEPT', account: null }; // a person's own, made since the look
    }
    const held = new Map<string, Held>();
    for (const { account, expiresAt, object } of read) {
      const token = valueOf(object, secretKeys.token);
      // The claim is the truth, the annotation has been wrong after a change of validity
      if (token !== null) held.set(account, { token: new Secret(token), expiresAt: jwtExpiry(token) ?? instantOf(at(object?.metadata.annotations, annotations.expirationTimestamp)) ?? expiresAt });
    }
    const used = valueOf(inPlace, secretKeys.token);
    const tokens = read.map(({ account }): ReadToken => {
      const one = held.get(account);
      return { account, isEmpty: one === undefined, expiresAt: one?.expiresAt ?? null, inPlace: one !== undefined && one.token.reveal() === used };
    });
    const choice = chooseToken(tokens, inPlace !== null, rejected, inPlace !== null && valueOf(inPlace, secretKeys.server) !== server, failing, now);
    switch (choice.do) {
      case 'END':
        return { cluster, did: 'END', outcome: choice.outcome, message: choice.message };
      case 'KEEP':
        return { cluster, did: 'KEPT', account: choice.account };
      case 'WRITE': {
        const chosen = held.get(choice.account);
        if (chosen === undefined) return { cluster, did: 'KEPT', account: null };
        await this.askForImport(client, seen.clusters.get(cluster), signal);
        const isOurs = await this.writeSecret(client, cluster, inPlace, server, chosen.token, signal);
        return isOurs ? { cluster, did: 'WROTE', account: choice.account } : { cluster, did: 'KEPT', account: null };
      }
    }
  }

  /** Under the strategy ImportOnly a cluster that was imported before is taken only with this annotation. */
  private async askForImport(client: HubClient, cluster: ClusterOnHub | undefined, signal: AbortSignal): Promise<void> {
    if (cluster === undefined || cluster.immediateImport === annotationValues.immediateImportAsked) return;
    const metadata = { annotations: { [annotations.immediateImport]: annotationValues.immediateImportAsked } };
    await client.patch(resources.managedCluster, { name: cluster.name }, { metadata }, { patchType: 'merge', metadataOnly: true, signal });
  }

  /**
   * As the operator writes it, so that it can take over from us and we from it.
   * @returns false: somebody made one since the look; the next look tells whose it is
   */
  private async writeSecret(client: HubClient, cluster: string, inPlace: KubeObject | null, server: string, token: Secret<string>, signal: AbortSignal): Promise<boolean> {
    const data = {
      [secretKeys.autoImportRetry]: base64(autoImportRetry),
      [secretKeys.server]: base64(server),
      [secretKeys.token]: base64(token.reveal()),
    };
    if (inPlace !== null) {
      // With its resourceVersion: what somebody has changed since is not written over
      const change = { metadata: { resourceVersion: inPlace.metadata.resourceVersion }, data };
      await client.patch(resources.secret, { name: secrets.autoImport, namespace: cluster }, change, { patchType: 'merge', metadataOnly: true, signal });
      return true;
    }
    const metadata = {
      name: secrets.autoImport, namespace: cluster,
      labels: { [labels.restoreAutoImportSecret]: labelValues.true },
      annotations: { [annotations.keepingAutoImportSecret]: '' },
    };
    try {
      await client.create(resources.secret, { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }, { metadataOnly: true, signal });
      return true;
    } catch (error) {
      if (isKubeError(error, 'KUBE_ALREADY_EXISTS')) return false;
      throw error;
    }
  }
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** A value of a Secret; null where it is absent or empty. */
function valueOf(secret: KubeObject | null, key: string): string | null {
  const encoded = at(secret?.data, key);
  if (typeof encoded !== 'string' || encoded === '') return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8').trim();
  return text === '' ? null : text;
}

