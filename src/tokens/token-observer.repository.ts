import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import { clusterOrigin } from '../fleet/cluster-projection.rules.js';
import type { AccountFacts, AddOnFacts, BackupScheduleFacts, ManagedClusterFacts, TokenSecretFacts, WorkFacts } from '../fleet/facts.types.js';
import type { WatchedKind } from '../fleet/fleet.types.js';
import { tokenKinds } from './token-kinds.js';
import type { ObservedToken, Seen } from './token-plan.rules.js';

export interface HubContext {
  readonly policy: string;
  readonly fencing: string;
  readonly tokenValiditySeconds: number | null;
  readonly tokenExclusions: readonly string[];
  readonly tokenExpiryWarningSeconds: number | null;
  readonly tokenPairAfterPercent: number;
  readonly tokenRenewalOverdueSeconds: number | null;
  /** The longest RPO of the plans whose source it is */
  readonly rpoSeconds: number | null;
  readonly componentEnabled: boolean;
  /** By name */
  readonly schedules: readonly BackupScheduleFacts[];
  /** The present watcher of the hub has listed every kind that decisions rest on */
  readonly isRead: boolean;
}

interface ObjectRow {
  readonly kind: WatchedKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resource_version: string;
  readonly facts: unknown;
}

/** What the facts say, put together for decisions on tokens. */
@Injectable()
export class TokenObserverRepository {
  constructor(private readonly sql: Sql) {}

  /** @returns null for a hub that is gone */
  async hubContext(hubId: string): Promise<HubContext | null> {
    const [row] = await this.sql.query<HubContext>(
      `SELECT policy, fencing, token_validity_seconds AS "tokenValiditySeconds", token_exclusions AS "tokenExclusions", token_expiry_warning_seconds AS "tokenExpiryWarningSeconds",
         token_pair_after_percent AS "tokenPairAfterPercent", token_renewal_overdue_seconds AS "tokenRenewalOverdueSeconds",
         (SELECT max(rpo_seconds) FROM recovery_plan WHERE source_hub_id = hub.id AND archived_at IS NULL) AS "rpoSeconds",
         EXISTS (SELECT 1 FROM hub_object WHERE hub_id = hub.id AND kind = 'HUB_ADDON' AND NOT (facts->>'deleting')::boolean) AS "componentEnabled",
         COALESCE((SELECT jsonb_agg(facts ORDER BY name) FROM hub_object WHERE hub_id = hub.id AND kind = 'BACKUP_SCHEDULE'), '[]') AS schedules,
         (SELECT count(*) FROM hub_watch JOIN lease ON lease.key = 'hub/' || hub.id AND lease.expires_at > now()
          WHERE hub_id = hub.id AND kind = ANY($2::text[]) AND listed_epoch = lease.epoch) = cardinality($2::text[]) AS "isRead"
       FROM hub WHERE id = $1 AND removed_at IS NULL`,
      [hubId, [...tokenKinds]],
    );
    return row ?? null;
  }

  /** Clusters that the hub does not show are not in the answer. */
  async observe(hubId: string, clusters: readonly string[]): Promise<ObservedToken[]> {
    const rows = await this.sql.query<ObjectRow>(
      `SELECT kind, namespace, name, uid, resource_version, facts FROM hub_object
       WHERE hub_id = $1 AND namespace = ANY($2::text[]) AND kind IN ('ADDON', 'ACCOUNT', 'WORK', 'TOKEN_SECRET', 'HIVE_SECRET')
       UNION ALL
       SELECT managed.* FROM unnest($2::text[]) AS wanted (cluster)
       CROSS JOIN LATERAL (SELECT kind, namespace, name, uid, resource_version, facts FROM hub_object
         WHERE hub_id = $1 AND kind = 'MANAGED_CLUSTER' AND namespace = '' AND name = wanted.cluster LIMIT 1) AS managed`, // one by one: they share a namespace, and a plan by that reads all
      [hubId, [...clusters]],
    );
    const byCluster = new Map<string, ObjectRow[]>();
    for (const row of rows) {
      const cluster = row.kind === 'MANAGED_CLUSTER' ? row.name : row.namespace;
      const known = byCluster.get(cluster);
      if (known === undefined) byCluster.set(cluster, [row]);
      else known.push(row);
    }
    return [...byCluster].map(([cluster, own]) => observedOf(cluster, own)).filter((observed) => observed !== null);
  }
}

const seen = <Facts>({ uid, resource_version, facts }: ObjectRow): Seen<Facts> => ({ uid, resourceVersion: resource_version, facts: facts as Facts });

function observedOf(cluster: string, rows: readonly ObjectRow[]): ObservedToken | null {
  const of = (kind: WatchedKind): readonly ObjectRow[] => rows.filter((row) => row.kind === kind);
  const named = <Facts>(kind: WatchedKind): Map<string, Seen<Facts>> => new Map(of(kind).map((row) => [row.name, seen<Facts>(row)]));
  const [managed] = of('MANAGED_CLUSTER');
  if (managed === undefined) return null;
  const facts = managed.facts as ManagedClusterFacts;
  const [addOn] = of('ADDON');
  return {
    cluster,
    origin: clusterOrigin(facts, of('HIVE_SECRET').length > 0),
    labels: facts.labels,
    clusterDeleting: facts.deleting,
    available: facts.available.status,
    addOn: addOn === undefined ? null : seen<AddOnFacts>(addOn),
    accounts: named<AccountFacts>('ACCOUNT'),
    works: named<WorkFacts>('WORK'),
    secrets: named<TokenSecretFacts>('TOKEN_SECRET'),
  };
}
