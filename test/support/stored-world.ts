import { randomUUID } from 'node:crypto';
import type { TestService } from './service.js';

const PINNED = JSON.stringify({
  planVersion: 1, source: { hubId: randomUUID(), name: 's', clusterId: 's' }, target: { hubId: randomUUID(), name: 't', clusterId: 't' }, setId: randomUUID(), backups: { credentials: 'c', resources: 'r', managedClusters: 'm', generic: 'g' },
  restoreName: 'r', mode: 'CREATED', clustersHash: 'h', clusters: 1, sourceAnswers: true,
});

/** Of what is in the database: so many of everything, and of everything in it. Hub 0 is the target of every plan, and has no clusters. */
const STATEMENTS: readonly string[] = [
  `INSERT INTO hub (id, name, api_url, cluster_id, storage, created_at, created_by, updated_at) SELECT ID('hub', h), 'hub-' || h, 'https://hub-' || h, 'id-' || h, '[{ "name": "s", "owned": true }]', now(), 't', now() FROM generate_series(0, N) AS h`,
  `INSERT INTO hub_prerequisite (hub_id, code, state, cause, remedy, since, checked_at)
   SELECT ID('hub', h), code, 'NOT_MET', 'c', 'r', now(), now() FROM generate_series(0, N) AS h, unnest(ARRAY['CLUSTER_BACKUP_ENABLED', 'RIGHTS_SUFFICIENT', 'VELERO_RUNNING', 'CLOCK_IN_STEP']) WITH ORDINALITY AS told (code, n) WHERE n <= N`,
  `INSERT INTO hub_watch (hub_id, kind, phase, listed_at, heard_at, epoch) SELECT ID('hub', h), kind, 'WATCHING', now(), now(), 1 FROM generate_series(0, N) AS h, unnest(ARRAY['MANAGED_CLUSTER', 'TOKEN_SECRET', 'VELERO_BACKUP']) AS kind`,
  `INSERT INTO lease (key, owner, epoch, acquired_at, expires_at) SELECT 'hub/' || ID('hub', h), 'worker-' || h, 1, now(), now() + interval '1 day' FROM generate_series(0, N) AS h`,
  `INSERT INTO managed_cluster (id, hub_id, name, origin, labels, api_url, accepted, joined, available, import_condition, addon_present, addon_available, deleting, problems, created_on_hub_at, read_at)
   SELECT ID('cluster', h * 1000 + c), ID('hub', h), 'c-' || c, 'IMPORTED', '{}', 'https://c', 'TRUE', 'TRUE', 'TRUE', 'TRUE', true, 'TRUE', false, '[]', now() - interval '9 days', now() FROM EACH_CLUSTER`,
  `INSERT INTO auto_import_token (id, hub_id, cluster, account, account_present, secret_present, in_backup_selection, binding_present, expires_at, refreshed_at, problem_code, problem_since, read_at)
   SELECT ID('token', h * 1000 + c), ID('hub', h), 'c-' || c, 'auto-import-account', true, true, true, true, now() + interval '90 days', now() - interval '8 days', 'TOKEN_NEAR_EXPIRY', now(), now() FROM EACH_CLUSTER`,
  `INSERT INTO token_incarnation (id, hub_id, cluster, account, secret_uid, refreshed_at, labelled_at, seen_at)
   SELECT ID('life', h * 1000000 + c * 1000 + n), ID('hub', h), 'c-' || c, 'auto-import-account', 'u' || n, TODAY - n * interval '1 day', TODAY - n * interval '1 day', now() FROM EACH_CLUSTER, generate_series(1, N) AS n`,
  `INSERT INTO backup_schedule (hub_id, name, phase, cron, velero_ttl_seconds, use_managed_service_account, paused, velero_paused, read_at)
   SELECT ID('hub', h), 'schedule-' || n, 'Enabled', '0 * * * *', 864000, true, false, false, now() FROM generate_series(1, N) AS h, generate_series(1, N) AS n`,
  `INSERT INTO backup_set (id, owner_cluster_id, credentials_backup, resources_backup, generic_backup, managed_clusters_backup, status, started_at, managed_clusters_started_at, completed_at, expires_at, first_seen_at)
   SELECT ID('set', h * 1000 + n), 'id-' || h, 'credentials-' || h || '-' || n, 'resources-' || h || '-' || n, 'generic-' || h || '-' || n, 'clusters-' || h || '-' || n, 'COMPLETE',
     now() - n * interval '1 hour', now() - n * interval '1 hour', now() - n * interval '50 minutes', now() + interval '20 days', now() FROM EACH_SET`,
  `INSERT INTO backup (hub_id, name, type, owner_cluster_id, phase, created_at, started_at, completed_at, expires_at, read_at)
   SELECT ID('hub', shown), part || '-' || h || '-' || n, type, 'id-' || h, 'Completed', now(), now() - n * interval '1 hour', now() - n * interval '50 minutes', now() + interval '20 days', now()
   FROM EACH_SET, LATERAL (VALUES (0), (h)) AS seen (shown), (VALUES ('credentials', 'credentials'), ('resources', 'resources'), ('generic', 'resourcesGeneric'), ('clusters', 'managedClusters')) AS parts (part, type)`,
  `INSERT INTO backup_set_token (set_id, cluster, account, belief, expires_at, refreshed_at, evidence, decided_at)
   SELECT ID('set', h * 1000 + n), 'c-' || c, 'auto-import-account', CASE WHEN c % 2 = 0 THEN 'VERIFIED_IN' ELSE 'VERIFIED_OUT' END, now() + interval '9 days', TODAY - interval '1 day', 'e', now() FROM EACH_SET, generate_series(1, N) AS c`,
  `INSERT INTO backup_set_cluster (set_id, cluster, belief, evidence, evidence_kind, sources, api_url_known, api_url, decided_at)
   SELECT ID('set', h * 1000 + n), 'c-' || c, 'VERIFIED_IN', 'e', 'RESOURCE_LIST', '{}', true, 'https://c', now() FROM EACH_SET, generate_series(1, N) AS c`,
  `INSERT INTO backup_set_record (set_id, part, backup, state, problem_code, problem_detail) SELECT ID('set', h * 1000 + n), 'CREDENTIALS', 'credentials-' || h || '-' || n, 'FAILED', 'DOWNLOAD_TIMEOUT', 'd' FROM EACH_SET`,
  `INSERT INTO recovery_plan (id, name, source_hub_id, target_hub_id, rpo_seconds, rto_seconds, backup_rule, approval_required, deep_check, import_window_seconds, created_at, created_by, updated_at)
   SELECT ID('plan', h), 'plan-' || h, ID('hub', h), ID('hub', 0), 86400, 3600, 'NEWEST_COMPLETE', true, true, 60, now(), 't', now() FROM generate_series(1, N) AS h`,
  `INSERT INTO target_path (plan_id, cluster, state, detail, checked_at, attempt_code, attempt_detail, attempted_at, lifeboat_code, lifeboat_detail, lifeboat_at, deep_state, deep_detail, deep_at, deep_attempt, deep_attempted_at)
   SELECT ID('plan', h), 'c-' || c, 'PROVEN', 'd', now(), 'ANSWERED', 'd', now(), 'ANSWERED', 'd', now(), 'PASSED', 'd', now(), 'a', now() FROM EACH_CLUSTER`,
  `INSERT INTO finding_acknowledgement (id, plan_id, code, reason, acknowledged_by, acknowledged_at, until) SELECT ID('known', h * 1000 + n), ID('plan', h), CASE n WHEN 1 THEN 'TOKEN_NOT_IN_BACKUP' ELSE 'CODE_' || n END, 'r', 't', now(), now() + interval '9 days' FROM EACH_SET`,
  `INSERT INTO readiness_change (plan_id, cluster, at, from_verdict, to_verdict, to_code)
   SELECT ID('plan', h), 'c-' || c, now() - days * interval '1 day', from_verdict, to_verdict, code FROM EACH_CLUSTER, (VALUES (3, NULL, 'AT_RISK', 'TOKEN_NEAR_EXPIRY'), (0.5, 'AT_RISK', 'NOT_READY', 'TOKEN_EXPIRED')) AS told (days, from_verdict, to_verdict, code)
   WHERE NOT EXISTS (SELECT FROM readiness_change WHERE plan_id = ID('plan', h) AND cluster = 'c-' || c AND at = now() - days * interval '1 day')`,
  `INSERT INTO plan_readiness_hour (plan_id, hour, verdict, worst_verdict, ready, at_risk, not_ready, unknown, not_needed, fewest_recoverable, computed_at)
   SELECT ID('plan', h), date_trunc('hour', now()) - n * interval '1 hour', 'READY', 'READY', 1, 0, 0, 0, 0, 1, now() FROM EACH_SET`,
  `INSERT INTO failover (id, plan_id, kind, status, requested_by, reason, content_hash, correlation_number, pinned, problem, created_at, finished_at)
   SELECT ID('failover', h), ID('plan', h), 'DISASTER', 'COMPLETED', 't', 'r', 'h', 'CHG1', '${PINNED}', '{ "code": "RESTORE_FAILED", "message": "m", "remedy": "r" }', now(), now() FROM generate_series(1, N) AS h`,
  `INSERT INTO failover_hub (failover_id, hub_id, role, open) SELECT ID('failover', h), hub_id, role, false FROM generate_series(1, N) AS h, LATERAL (VALUES (ID('hub', h), 'SOURCE'), (ID('hub', 0), 'TARGET')) AS held (hub_id, role)`,
  `INSERT INTO failover_step (failover_id, step, position, intent, intent_at, outcome, result, outcome_at, epoch)
   SELECT ID('failover', h), step, n, '{}', now(), '{}', 'DONE', now(), 1 FROM generate_series(1, N) AS h, unnest(ARRAY['PREFLIGHT', 'FENCING', 'RESTORING', 'IMPORTING']) WITH ORDINALITY AS told (step, n) WHERE n <= N`,
  `INSERT INTO failover_event (failover_id, sequence, type, summary, data, actor, at) SELECT ID('failover', h), n, 'step.entered', 's', '{}', 'system', now() FROM EACH_SET`,
  `INSERT INTO failover_approval (id, failover_id, decision, decided_by, requested_by, reason, content_hash, evidence, decided_at) SELECT ID('approval', h * 1000 + n), ID('failover', h), 'APPROVED', 'p' || n, 't', 'r', 'h', '{ "number": "CHG1" }', now() FROM EACH_SET`,
  `INSERT INTO import (failover_id, cluster, origin, predicted_verdict, state, outcome_code) SELECT ID('failover', h), 'c-' || c, 'IMPORTED', 'READY', 'RECONNECTED', 'RECONNECTED' FROM EACH_CLUSTER`,
  `INSERT INTO restore (id, failover_id, hub_id, name, mode, spec, messages, velero_restores, actor, reason, requested_at)
   SELECT ID('restore', h), ID('failover', h), ID('hub', 0), 'restore-' || h, 'CREATED', '{}', '[]', '[{ "name": "v", "backup": "b", "phase": "Completed", "startedAt": null, "completedAt": null, "errors": 0, "warnings": 0 }]', 't', 'r', now() FROM generate_series(1, N) AS h`,
  `INSERT INTO protection_removal (id, hub_id, status, list_hash, actor, reason, correlation_number, created_at, finished_at) SELECT ID('removal', h), ID('hub', h), 'DONE', 'h', 't', 'r', 'CHG1', now(), now() FROM generate_series(1, N) AS h`,
  `INSERT INTO protection_removal_item (removal_id, position, kind, namespace, name, uid, resource_version, action, why, outcome)
   SELECT ID('removal', h), n, 'Secret', 'c-' || n, 's', 'u', '1', 'DELETE', 'w', 'DELETED' FROM EACH_SET`,
  `INSERT INTO api_key (id, name, hash, roles, created_at, created_by) SELECT 'key-' || n, 'key-' || n, ''::bytea, '{viewer}', now(), 't' FROM generate_series(1, N) AS n`,
  `INSERT INTO audit_entry (at, actor, action, subject, correlation_number, details) SELECT now(), 't', 'hub.inspect', 'hub/x', 'CHG1', '{}' FROM generate_series(1, N) AS n`,
];

/** A row's id, the same each time. */
const idOf = (what: string, number: string): string => `overlay(overlay(md5('${what}/' || (${number})) placing '4' from 13) placing '8' from 17)::uuid`;

/** Brings everything to `size`, and has verdicts worked out: hubs beside the target, clusters and sets of each hub, plans, failovers, and what each of them holds. May be called again with more. */
export async function storeWorld(service: TestService, size: number): Promise<void> {
  for (const statement of STATEMENTS) {
    const text = statement
      .replaceAll('EACH_CLUSTER', 'generate_series(1, N) AS h CROSS JOIN generate_series(1, N) AS c')
      .replaceAll('EACH_SET', 'generate_series(1, N) AS h CROSS JOIN generate_series(1, N) AS n')
      .replaceAll('TODAY', `date_trunc('day', now())`)
      .replace(/ID\('(\w+)', ([^()]+)\)/g, (_all, what: string, number: string) => idOf(what, number))
      .replace(/\bN\b/g, String(size));
    await service.sql(`${text}${statement.includes('NOT EXISTS') ? '' : ' ON CONFLICT DO NOTHING'}`);
  }
  const worked = await fetch(`${service.url}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${service.key}` }, body: JSON.stringify({ query: '{ plans(first: 100) { nodes { readiness { verdict } } } }' }),
  });
  if (!(await worked.text()).includes('verdict')) throw new Error('Verdicts were not worked out');
}

/** The id of the first row of a kind. */
export async function firstId(service: TestService, what: 'hub' | 'cluster' | 'token' | 'set' | 'plan' | 'failover' | 'restore' | 'removal'): Promise<string> {
  const number = { hub: '1', cluster: '1001', token: '1001', set: '1001', plan: '1', failover: '1', restore: '1', removal: '1' }[what];
  const [row] = await service.sql(`SELECT ${idOf(what, number)} AS id`);
  return row!['id'] as string;
}
