import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { RecordedLife, SetEntry, TimeRange } from './token-timeline.types.js';

/** A cluster by its hub and name. */
export interface ClusterKey {
  readonly hubId: string;
  readonly name: string;
}

/** Which of the clusters asked for it is of: 1, 2, 3… */
type Placed<T> = T & { readonly place: bigint };

const ASKED = 'unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked (hub_id, cluster, place)';

/** The history of clusters' tokens, and what their hubs' backup sets hold of them; others write both. */
@Injectable()
export class TokenTimelineRepository {
  constructor(private readonly sql: Sql) {}

  /** Those that lived within the range, newest first, of each cluster. @param limit for each */
  lives(clusters: readonly ClusterKey[], { from, to }: TimeRange, limit: number): Promise<RecordedLife[][]> {
    return this.ofEach<RecordedLife>(
      clusters,
      `SELECT asked.place, life.* FROM ${ASKED}, LATERAL (
         SELECT * FROM (
           SELECT id, account, secret_uid AS "secretUid", refreshed_at AS "issuedAt", expires_at AS "expiresAt", seen_at AS "seenAt", labelled_at AS "labelledAt", ended_at AS "endedAt",
             lead(refreshed_at) OVER (PARTITION BY account ORDER BY refreshed_at, id) AS "nextIssuedAt"
           FROM token_incarnation WHERE hub_id = asked.hub_id AND cluster = asked.cluster) AS lived
         WHERE "issuedAt" < $4 AND ("endedAt" IS NULL OR "endedAt" > $3) ORDER BY "issuedAt" DESC, id DESC LIMIT $5) AS life`,
      [from, to, limit],
    );
  }

  /** What the hub's sets that began within the range are held to contain, newest first, of each cluster. @param limit for each */
  sets(clusters: readonly ClusterKey[], { from, to }: TimeRange, limit: number): Promise<SetEntry[][]> {
    return this.ofEach<SetEntry>(
      clusters,
      `SELECT asked.place, entry.* FROM ${ASKED}, LATERAL (
         SELECT set.id AS "setId", set.credentials_backup AS "credentialsBackup", set.started_at AS "startedAt", set.expires_at AS "setExpiresAt", held.account, held.belief, held.evidence,
           held.evidence_kind AS "evidenceKind", held.reason, held.expires_at AS "expiresAt", held.refreshed_at AS "refreshedAt"
         FROM hub JOIN backup_set AS set ON set.owner_cluster_id = hub.cluster_id JOIN backup_set_token AS held ON held.set_id = set.id AND held.cluster = asked.cluster
         WHERE hub.id = asked.hub_id AND set.started_at >= $3 AND set.started_at < $4 ORDER BY set.started_at DESC, set.id, held.account LIMIT $5) AS entry`,
      [from, to, limit],
    );
  }

  private async ofEach<Row extends object>(clusters: readonly ClusterKey[], text: string, values: readonly unknown[]): Promise<Row[][]> {
    const rows = await this.sql.query<Placed<Row>>(text, [clusters.map(({ hubId }) => hubId), clusters.map(({ name }) => name), ...values]);
    const found = clusters.map((): Row[] => []);
    for (const { place, ...row } of rows) found[Number(place) - 1]?.push(row as unknown as Row);
    return found;
  }
}
