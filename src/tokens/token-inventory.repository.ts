import { Injectable } from '@nestjs/common';
import { LeaseLostError } from '../database/lease.errors.js';
import type { HeldLease } from '../database/lease.service.js';
import { Sql } from '../database/sql.js';
import { incarnationStep, type IncarnationStep, type OpenIncarnation } from './token-incarnation.rules.js';
import type { TokenState } from './token-plan.rules.js';

export interface ClusterTokens {
  readonly cluster: string;
  /** Empty: the cluster has none, or needs none */
  readonly tokens: readonly TokenState[];
}

interface OpenRow extends OpenIncarnation {
  readonly cluster: string;
  readonly account: string;
}

/** What a token's history tells of it. */
type KnownLife = Pick<OpenIncarnation, 'labelledAt' | 'earlyRefreshAt'>;

const key = (cluster: string, account: string): string => `${cluster}/${account}`;

/** The token inventory and its history, written for many clusters at once. */
@Injectable()
export class TokenInventoryRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * @param readAt when the facts were read: what was read later is not overwritten
   * @returns the clusters of which something changed
   * @throws LeaseLostError
   */
  async record(lease: HeldLease, hubId: string, clusters: readonly ClusterTokens[], readAt: Date, now: Date): Promise<string[]> {
    if (clusters.length === 0) return [];
    const lives = await this.recordIncarnations(lease, hubId, clusters, now);
    const rows = clusters.flatMap(({ cluster, tokens }) => tokens.map((token) => rowOf(cluster, token, lives.get(key(cluster, token.account)))));
    const changed = await this.sql.query<{ cluster: string }>(
      `WITH told AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS told (cluster text, account text, account_present boolean, account_uid text, validity_seconds int, expires_at timestamptz,
           refreshed_at timestamptz, secret_present boolean, secret_uid text, in_backup_selection boolean, labelled_at timestamptz, binding_present boolean, problem_code text, problem_detail text,
           uncovered_seconds_per_day int, set_restorable_seconds int, old_for_rpo_at timestamptz, early_refresh_at timestamptz)),
       written AS (
         INSERT INTO auto_import_token AS kept (id, hub_id, cluster, account, account_present, account_uid, validity_seconds, expires_at, refreshed_at, secret_present, secret_uid,
           in_backup_selection, labelled_at, binding_present, problem_code, problem_detail, problem_since, uncovered_seconds_per_day, set_restorable_seconds, old_for_rpo_at, early_refresh_at, read_at)
         SELECT gen_random_uuid(), $1, cluster, account, account_present, account_uid, validity_seconds, expires_at, refreshed_at, secret_present, secret_uid, in_backup_selection, labelled_at,
           binding_present, problem_code, problem_detail, CASE WHEN problem_code IS NOT NULL THEN $4::timestamptz END, uncovered_seconds_per_day, set_restorable_seconds, old_for_rpo_at, early_refresh_at, $3
         FROM told ORDER BY cluster, account
         ON CONFLICT (hub_id, cluster, account) DO UPDATE SET account_present = excluded.account_present, account_uid = excluded.account_uid, validity_seconds = excluded.validity_seconds,
           expires_at = excluded.expires_at, refreshed_at = excluded.refreshed_at, secret_present = excluded.secret_present, secret_uid = excluded.secret_uid,
           in_backup_selection = excluded.in_backup_selection, labelled_at = excluded.labelled_at, binding_present = excluded.binding_present, problem_code = excluded.problem_code,
           problem_detail = excluded.problem_detail, problem_since = CASE WHEN kept.problem_code = excluded.problem_code THEN kept.problem_since ELSE excluded.problem_since END,
           uncovered_seconds_per_day = excluded.uncovered_seconds_per_day, set_restorable_seconds = excluded.set_restorable_seconds, old_for_rpo_at = excluded.old_for_rpo_at,
           early_refresh_at = GREATEST(kept.early_refresh_at, excluded.early_refresh_at), read_at = excluded.read_at
         WHERE kept.read_at <= excluded.read_at AND (kept.account_present, kept.account_uid, kept.validity_seconds, kept.expires_at, kept.refreshed_at, kept.secret_present, kept.secret_uid,
             kept.in_backup_selection, kept.labelled_at, kept.binding_present, kept.problem_code, kept.problem_detail, kept.uncovered_seconds_per_day, kept.set_restorable_seconds, kept.old_for_rpo_at, kept.early_refresh_at)
           IS DISTINCT FROM (excluded.account_present, excluded.account_uid, excluded.validity_seconds, excluded.expires_at, excluded.refreshed_at, excluded.secret_present, excluded.secret_uid,
             excluded.in_backup_selection, excluded.labelled_at, excluded.binding_present, excluded.problem_code, excluded.problem_detail, excluded.uncovered_seconds_per_day, excluded.set_restorable_seconds,
             excluded.old_for_rpo_at, GREATEST(kept.early_refresh_at, excluded.early_refresh_at))
         RETURNING cluster),
       gone AS (
         DELETE FROM auto_import_token AS kept WHERE hub_id = $1 AND cluster = ANY($5::text[]) AND read_at <= $3
           AND NOT EXISTS (SELECT 1 FROM told WHERE told.cluster = kept.cluster AND told.account = kept.account)
         RETURNING cluster)
       SELECT cluster FROM written UNION SELECT cluster FROM gone`,
      [hubId, JSON.stringify(rows), readAt, now, clusters.map(({ cluster }) => cluster)],
    );
    return changed.map(({ cluster }) => cluster);
  }

  /** @returns what is known of each present token by its history */
  private async recordIncarnations(lease: HeldLease, hubId: string, clusters: readonly ClusterTokens[], now: Date): Promise<Map<string, KnownLife>> {
    lease.assertHeld();
    const open = await this.sql.query<OpenRow>(
      `SELECT DISTINCT ON (cluster, account) cluster, account, secret_uid AS "secretUid", refreshed_at AS "refreshedAt", expires_at AS "expiresAt", labelled_at AS "labelledAt", seen_at AS "seenAt",
         validity_seconds AS "validitySeconds", early_refresh_at AS "earlyRefreshAt"
       FROM token_incarnation WHERE hub_id = $1 AND cluster = ANY($2::text[]) AND ended_at IS NULL ORDER BY cluster, account, seen_at DESC`,
      [hubId, clusters.map(({ cluster }) => cluster)],
    );
    const openByKey = new Map(open.map((row) => [key(row.cluster, row.account), row]));
    const lives = new Map<string, KnownLife>();
    const steps = clusters.flatMap(({ cluster, tokens }) => {
      const told = tokens.map(({ account, secret, life, validitySeconds }) => ({ account, secret, life, validitySeconds }));
      const silent = open.filter((row) => row.cluster === cluster && !tokens.some(({ account }) => account === row.account));
      const ended = silent.map(({ account }) => ({ account, secret: null, life: { refreshedAt: null, expiresAt: null }, validitySeconds: null }));
      return [...told, ...ended].map(({ account, secret, life, validitySeconds }) => {
        const before = openByKey.get(key(cluster, account)) ?? null;
        const step = incarnationStep(before, secret, life, validitySeconds, now);
        lives.set(key(cluster, account), {
          labelledAt: step.type === 'KEEP' ? (before?.labelledAt ?? null) : step.type === 'END' ? null : step.labelledAt,
          earlyRefreshAt: step.type === 'BEGIN' ? step.earlyRefreshAt : (before?.earlyRefreshAt ?? null),
        });
        return { cluster, account, secretUid: secret?.uid ?? before?.secretUid ?? '', validitySeconds, before, step };
      });
    });
    await this.write(lease, hubId, steps, now);
    return lives;
  }

  private async write(lease: HeldLease, hubId: string, steps: readonly { cluster: string; account: string; secretUid: string; validitySeconds: number | null; before: OpenRow | null; step: IncarnationStep }[], now: Date): Promise<void> {
    const changing = steps.filter(({ step }) => step.type !== 'KEEP');
    if (changing.length === 0) return;
    const rows = changing.map(({ cluster, account, secretUid, validitySeconds, before, step }) => ({
      cluster, account, type: step.type, secret_uid: secretUid, validity_seconds: validitySeconds,
      was_uid: before?.secretUid ?? null, was_refreshed_at: before?.refreshedAt ?? null,
      refreshed_at: 'refreshedAt' in step ? step.refreshedAt : null,
      expires_at: 'expiresAt' in step ? step.expiresAt : null,
      labelled_at: 'labelledAt' in step ? step.labelledAt : null,
      ended_at: 'endedAt' in step ? step.endedAt : null,
      early_refresh_at: 'earlyRefreshAt' in step ? step.earlyRefreshAt : null,
    }));
    const told = `jsonb_to_recordset($2::jsonb) AS told (cluster text, account text, type text, secret_uid text, was_uid text, was_refreshed_at timestamptz, refreshed_at timestamptz,
      expires_at timestamptz, labelled_at timestamptz, ended_at timestamptz, validity_seconds int, early_refresh_at timestamptz)`;
    const json = JSON.stringify(rows);
    await this.sql.transaction(async (sql) => {
      const { text, values } = lease.guard(1);
      const [{ held } = { held: false }] = await sql.query<{ held: boolean }>(`SELECT ${text} AS held`, values);
      if (!held) throw new LeaseLostError(lease.key, lease.epoch);
      await sql.execute(
        `UPDATE token_incarnation AS life SET ended_at = told.ended_at FROM ${told}
         WHERE told.type IN ('END', 'BEGIN') AND life.hub_id = $1 AND life.cluster = told.cluster AND life.account = told.account AND life.ended_at IS NULL`,
        [hubId, json],
      );
      await sql.execute(
        `UPDATE token_incarnation AS life SET refreshed_at = told.refreshed_at, expires_at = told.expires_at, labelled_at = told.labelled_at,
           validity_seconds = COALESCE(life.validity_seconds, told.validity_seconds) FROM ${told}
         WHERE told.type = 'LEARN' AND life.hub_id = $1 AND life.cluster = told.cluster AND life.account = told.account AND life.secret_uid = told.was_uid AND life.refreshed_at = told.was_refreshed_at
           AND NOT EXISTS (SELECT 1 FROM token_incarnation AS other WHERE other.hub_id = $1 AND other.cluster = told.cluster AND other.account = told.account AND other.secret_uid = told.was_uid
             AND other.refreshed_at = told.refreshed_at AND other.id <> life.id)`,
        [hubId, json],
      );
      await sql.execute(
        `INSERT INTO token_incarnation (id, hub_id, cluster, account, secret_uid, refreshed_at, expires_at, seen_at, labelled_at, validity_seconds, early_refresh_at)
         SELECT gen_random_uuid(), $1, cluster, account, secret_uid, refreshed_at, expires_at, $3, labelled_at, validity_seconds, early_refresh_at FROM ${told} WHERE type = 'BEGIN' ORDER BY cluster, account
         ON CONFLICT (hub_id, cluster, account, secret_uid, refreshed_at) DO UPDATE SET ended_at = NULL, expires_at = excluded.expires_at, labelled_at = excluded.labelled_at,
           validity_seconds = excluded.validity_seconds, early_refresh_at = GREATEST(token_incarnation.early_refresh_at, excluded.early_refresh_at)`,
        [hubId, json, now],
      );
    });
  }
}

const rowOf = (cluster: string, token: TokenState, life: KnownLife | undefined) => ({
  cluster,
  account: token.account,
  account_present: token.accountPresent,
  account_uid: token.accountUid,
  validity_seconds: token.validitySeconds,
  expires_at: token.life.expiresAt,
  refreshed_at: token.life.refreshedAt,
  secret_present: token.secret !== null,
  secret_uid: token.secret?.uid ?? null,
  in_backup_selection: token.inBackupSelection,
  labelled_at: life?.labelledAt ?? null,
  binding_present: token.bindingPresent,
  problem_code: token.problem?.code ?? null,
  problem_detail: token.problem?.detail ?? null,
  uncovered_seconds_per_day: seconds(token.coverage?.uncoveredMsPerDay),
  set_restorable_seconds: seconds(token.coverage?.restorableForMs),
  old_for_rpo_at: token.oldForRpoAt,
  early_refresh_at: life?.earlyRefreshAt ?? null,
});

const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.min(Math.round(ms / 1000), 2_147_483_647));
