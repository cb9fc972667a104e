import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { RecordedLife, SetEntry, TimeRange } from './token-timeline.types.js';

/** The history of one cluster's tokens, and what its hub's backup sets hold of them; others write both. */
@Injectable()
export class TokenTimelineRepository {
  constructor(private readonly sql: Sql) {}

  /** Those that lived within the range, newest first. */
  lives(hubId: string, cluster: string, { from, to }: TimeRange, limit: number): Promise<RecordedLife[]> {
    return this.sql.query(
      `SELECT * FROM (
         SELECT id, account, secret_uid AS "secretUid", refreshed_at AS "issuedAt", expires_at AS "expiresAt", seen_at AS "seenAt", labelled_at AS "labelledAt", ended_at AS "endedAt",
           lead(refreshed_at) OVER (PARTITION BY account ORDER BY refreshed_at, id) AS "nextIssuedAt"
         FROM token_incarnation WHERE hub_id = $1 AND cluster = $2) AS life
       WHERE "issuedAt" < $4 AND ("endedAt" IS NULL OR "endedAt" > $3) ORDER BY "issuedAt" DESC, id DESC LIMIT $5`,
      [hubId, cluster, from, to, limit],
    );
  }

  /** What the hub's sets that began within the range are held to contain, newest first. */
  sets(hubId: string, cluster: string, { from, to }: TimeRange, limit: number): Promise<SetEntry[]> {
    return this.sql.query(
      `SELECT set.id AS "setId", set.credentials_backup AS "credentialsBackup", set.started_at AS "startedAt", set.expires_at AS "setExpiresAt", held.account, held.belief, held.evidence,
         held.evidence_kind AS "evidenceKind", held.reason, held.expires_at AS "expiresAt", held.refreshed_at AS "refreshedAt"
       FROM hub JOIN backup_set AS set ON set.owner_cluster_id = hub.cluster_id JOIN backup_set_token AS held ON held.set_id = set.id AND held.cluster = $2
       WHERE hub.id = $1 AND set.started_at >= $3 AND set.started_at < $4 ORDER BY set.started_at DESC, set.id, held.account LIMIT $5`,
      [hubId, cluster, from, to, limit],
    );
  }
}
