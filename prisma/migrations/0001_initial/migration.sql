-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "hub" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "api_url" TEXT NOT NULL,
    "cluster_id" TEXT,
    "policy" TEXT NOT NULL DEFAULT 'OBSERVE',
    "release" TEXT,
    "kube_version" TEXT,
    "token_validity_seconds" INTEGER,
    "reachability" TEXT NOT NULL DEFAULT 'UNKNOWN',
    "reachable_at" TIMESTAMPTZ(3),
    "unreachable_since" TIMESTAMPTZ(3),
    "last_error_code" TEXT,
    "inspected_at" TIMESTAMPTZ(3),
    "fencing" TEXT NOT NULL DEFAULT 'NONE',
    "fencing_changed_at" TIMESTAMPTZ(3),
    "storage" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "hub_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hub_credential" (
    "hub_id" UUID NOT NULL,
    "key_id" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "sealed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hub_credential_pkey" PRIMARY KEY ("hub_id")
);

-- CreateTable
CREATE TABLE "lease" (
    "key" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "acquired_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "hub_prerequisite" (
    "hub_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "remedy" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "hub_prerequisite_pkey" PRIMARY KEY ("hub_id","code")
);

-- CreateTable
CREATE TABLE "hub_watch" (
    "hub_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "listed_at" TIMESTAMPTZ(3),
    "listed_epoch" BIGINT,
    "listing" BIGINT NOT NULL DEFAULT 0,
    "heard_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "epoch" BIGINT NOT NULL,

    CONSTRAINT "hub_watch_pkey" PRIMARY KEY ("hub_id","kind")
);

-- CreateTable
CREATE TABLE "hub_object" (
    "hub_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "uid" TEXT NOT NULL,
    "resource_version" TEXT NOT NULL,
    "facts" JSONB NOT NULL,
    "listing" BIGINT NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL,
    "epoch" BIGINT NOT NULL,

    CONSTRAINT "hub_object_pkey" PRIMARY KEY ("hub_id","kind","namespace","name")
);

-- CreateTable
CREATE TABLE "managed_cluster" (
    "id" UUID NOT NULL,
    "hub_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "vendor" TEXT,
    "cluster_set" TEXT,
    "openshift_id" TEXT,
    "labels" JSONB NOT NULL,
    "api_url" TEXT,
    "accepted" TEXT NOT NULL,
    "joined" TEXT NOT NULL,
    "available" TEXT NOT NULL,
    "available_since" TIMESTAMPTZ(3),
    "import_condition" TEXT NOT NULL,
    "import_reason" TEXT,
    "import_message" TEXT,
    "addon_present" BOOLEAN NOT NULL,
    "addon_namespace" TEXT,
    "addon_available" TEXT NOT NULL,
    "deleting" BOOLEAN NOT NULL,
    "problems" JSONB NOT NULL,
    "created_on_hub_at" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "managed_cluster_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auto_import_token" (
    "id" UUID NOT NULL,
    "hub_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "account_present" BOOLEAN NOT NULL,
    "account_uid" TEXT,
    "validity_seconds" INTEGER,
    "expires_at" TIMESTAMPTZ(3),
    "refreshed_at" TIMESTAMPTZ(3),
    "secret_present" BOOLEAN NOT NULL,
    "secret_uid" TEXT,
    "in_backup_selection" BOOLEAN NOT NULL,
    "labelled_at" TIMESTAMPTZ(3),
    "binding_present" BOOLEAN NOT NULL,
    "problem_code" TEXT,
    "problem_detail" TEXT,
    "problem_since" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "auto_import_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token_work" (
    "hub_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "generation" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "token_work_pkey" PRIMARY KEY ("hub_id","cluster")
);

-- CreateTable
CREATE TABLE "token_incarnation" (
    "id" UUID NOT NULL,
    "hub_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "secret_uid" TEXT NOT NULL,
    "refreshed_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "labelled_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "token_incarnation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backup_schedule" (
    "hub_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "phase" TEXT,
    "last_message" TEXT,
    "cron" TEXT,
    "velero_ttl_seconds" INTEGER,
    "token_ttl_seconds" INTEGER,
    "use_managed_service_account" BOOLEAN NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "velero_paused" BOOLEAN NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backup_schedule_pkey" PRIMARY KEY ("hub_id","name")
);

-- CreateTable
CREATE TABLE "backup" (
    "hub_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT,
    "schedule_name" TEXT,
    "owner_cluster_id" TEXT,
    "phase" TEXT,
    "created_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backup_pkey" PRIMARY KEY ("hub_id","name")
);

-- CreateTable
CREATE TABLE "backup_set" (
    "id" UUID NOT NULL,
    "owner_cluster_id" TEXT NOT NULL,
    "credentials_backup" TEXT NOT NULL,
    "resources_backup" TEXT,
    "generic_backup" TEXT,
    "managed_clusters_backup" TEXT,
    "status" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "managed_clusters_started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backup_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backup_set_token" (
    "set_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "belief" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "refreshed_at" TIMESTAMPTZ(3),
    "evidence" TEXT NOT NULL,
    "reason" TEXT,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backup_set_token_pkey" PRIMARY KEY ("set_id","cluster","account")
);

-- CreateTable
CREATE TABLE "recovery_plan" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "source_hub_id" UUID NOT NULL,
    "target_hub_id" UUID NOT NULL,
    "rpo_seconds" INTEGER NOT NULL,
    "rto_seconds" INTEGER NOT NULL,
    "backup_rule" TEXT NOT NULL,
    "approval_required" BOOLEAN NOT NULL,
    "import_window_seconds" INTEGER NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "archived_at" TIMESTAMPTZ(3),

    CONSTRAINT "recovery_plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_readiness" (
    "plan_id" UUID NOT NULL,
    "verdict" TEXT NOT NULL,
    "findings" JSONB NOT NULL,
    "set_id" UUID,
    "facts_at" TIMESTAMPTZ(3),
    "since" TIMESTAMPTZ(3) NOT NULL,
    "computed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plan_readiness_pkey" PRIMARY KEY ("plan_id")
);

-- CreateTable
CREATE TABLE "cluster_readiness" (
    "plan_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "verdict" TEXT NOT NULL,
    "code" TEXT,
    "origin" TEXT NOT NULL,
    "findings" JSONB NOT NULL,
    "set_id" UUID,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "computed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "cluster_readiness_pkey" PRIMARY KEY ("plan_id","cluster")
);

-- CreateTable
CREATE TABLE "failover" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "correlation_system" TEXT,
    "correlation_id" TEXT,
    "correlation_number" TEXT,
    "correlation_url" TEXT,
    "set_id" UUID,
    "content_hash" TEXT,
    "pinned" JSONB,
    "problem" JSONB,
    "needs_attention" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "approved_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "next_look_at" TIMESTAMPTZ(3),

    CONSTRAINT "failover_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "failover_hub" (
    "failover_id" UUID NOT NULL,
    "hub_id" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "open" BOOLEAN NOT NULL,

    CONSTRAINT "failover_hub_pkey" PRIMARY KEY ("failover_id","hub_id")
);

-- CreateTable
CREATE TABLE "failover_step" (
    "failover_id" UUID NOT NULL,
    "step" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "intent" JSONB,
    "intent_at" TIMESTAMPTZ(3),
    "outcome" JSONB,
    "result" TEXT,
    "outcome_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "epoch" BIGINT NOT NULL,

    CONSTRAINT "failover_step_pkey" PRIMARY KEY ("failover_id","step")
);

-- CreateTable
CREATE TABLE "failover_event" (
    "id" BIGSERIAL NOT NULL,
    "failover_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "summary" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "failover_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "failover_approval" (
    "id" UUID NOT NULL,
    "failover_id" UUID NOT NULL,
    "decision" TEXT NOT NULL,
    "decided_by" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "evidence" JSONB,
    "content_hash" TEXT NOT NULL,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "failover_approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "restore" (
    "id" UUID NOT NULL,
    "failover_id" UUID,
    "hub_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "uid" TEXT,
    "mode" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "phase" TEXT,
    "last_message" TEXT,
    "messages" JSONB NOT NULL,
    "velero_restores" JSONB NOT NULL,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),
    "outcome" TEXT,

    CONSTRAINT "restore_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "import" (
    "failover_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "predicted_verdict" TEXT NOT NULL,
    "predicted_code" TEXT,
    "state" TEXT NOT NULL,
    "outcome_code" TEXT,
    "message" TEXT,
    "supplied_api_url" TEXT,
    "known_before" BOOLEAN NOT NULL DEFAULT false,
    "account" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "first_attempt_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "import_pkey" PRIMARY KEY ("failover_id","cluster")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "roles" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "caller" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "http_status" INTEGER,
    "response" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "locked_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("caller","operation","key")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "reason" TEXT,
    "correlation_system" TEXT,
    "correlation_id" TEXT,
    "correlation_number" TEXT,
    "correlation_url" TEXT,
    "details" JSONB NOT NULL,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "one_hub_per_name" ON "hub"("name") WHERE (removed_at IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "one_hub_per_cluster_id" ON "hub"("cluster_id") WHERE (removed_at IS NULL);

-- CreateIndex
CREATE INDEX "hub_object_by_namespace" ON "hub_object"("hub_id", "namespace", "kind");

-- CreateIndex
CREATE INDEX "managed_cluster_by_origin" ON "managed_cluster"("hub_id", "origin");

-- CreateIndex
CREATE UNIQUE INDEX "one_cluster_per_hub_and_name" ON "managed_cluster"("hub_id", "name");

-- CreateIndex
CREATE INDEX "auto_import_token_by_problem" ON "auto_import_token"("hub_id", "problem_code");

-- CreateIndex
CREATE INDEX "auto_import_token_by_expiry" ON "auto_import_token"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_token_per_account" ON "auto_import_token"("hub_id", "cluster", "account");

-- CreateIndex
CREATE INDEX "token_work_by_due" ON "token_work"("hub_id", "due_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_incarnation_per_refresh" ON "token_incarnation"("hub_id", "cluster", "account", "secret_uid", "refreshed_at");

-- CreateIndex
CREATE INDEX "backup_by_owner" ON "backup"("owner_cluster_id", "type", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_set_per_credentials_backup" ON "backup_set"("owner_cluster_id", "credentials_backup");

-- CreateIndex
CREATE UNIQUE INDEX "one_plan_per_name" ON "recovery_plan"("name") WHERE (archived_at IS NULL);

-- CreateIndex
CREATE INDEX "cluster_readiness_by_verdict" ON "cluster_readiness"("plan_id", "verdict", "code");

-- CreateIndex
CREATE INDEX "failover_by_status" ON "failover"("status", "next_look_at");

-- CreateIndex
CREATE INDEX "failover_by_correlation_id" ON "failover"("correlation_id");

-- CreateIndex
CREATE INDEX "failover_by_correlation_number" ON "failover"("correlation_number");

-- CreateIndex
CREATE UNIQUE INDEX "one_open_failover_per_hub" ON "failover_hub"("hub_id") WHERE (open);

-- CreateIndex
CREATE UNIQUE INDEX "one_event_per_sequence" ON "failover_event"("failover_id", "sequence");

-- CreateIndex
CREATE UNIQUE INDEX "one_decision_per_person" ON "failover_approval"("failover_id", "decided_by", "content_hash");

-- CreateIndex
CREATE UNIQUE INDEX "one_restore_per_failover" ON "restore"("failover_id");

-- CreateIndex
CREATE INDEX "import_by_state" ON "import"("failover_id", "state");

-- CreateIndex
CREATE UNIQUE INDEX "one_api_key_per_name" ON "api_key"("name") WHERE (revoked_at IS NULL);

-- CreateIndex
CREATE INDEX "idempotency_key_by_age" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "audit_entry_by_subject" ON "audit_entry"("subject", "at");

-- AddForeignKey
ALTER TABLE "hub_credential" ADD CONSTRAINT "hub_credential_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hub_prerequisite" ADD CONSTRAINT "hub_prerequisite_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "hub_watch" ADD CONSTRAINT "hub_watch_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_set_token" ADD CONSTRAINT "backup_set_token_set_fkey" FOREIGN KEY ("set_id") REFERENCES "backup_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_source_hub_fkey" FOREIGN KEY ("source_hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "recovery_plan" ADD CONSTRAINT "recovery_plan_target_hub_fkey" FOREIGN KEY ("target_hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_readiness" ADD CONSTRAINT "plan_readiness_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "cluster_readiness" ADD CONSTRAINT "cluster_readiness_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover" ADD CONSTRAINT "failover_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover" ADD CONSTRAINT "failover_set_fkey" FOREIGN KEY ("set_id") REFERENCES "backup_set"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover_hub" ADD CONSTRAINT "failover_hub_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover_hub" ADD CONSTRAINT "failover_hub_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover_step" ADD CONSTRAINT "failover_step_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover_event" ADD CONSTRAINT "failover_event_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "failover_approval" ADD CONSTRAINT "failover_approval_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "restore" ADD CONSTRAINT "restore_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "restore" ADD CONSTRAINT "restore_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "import" ADD CONSTRAINT "import_failover_fkey" FOREIGN KEY ("failover_id") REFERENCES "failover"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand from here on: what Prisma's schema cannot say. The comparison of schema and migrations does not see these.

-- Append-only: the record is for auditors. One statement trigger for each table, so that a cascade is refused like a plain
-- statement. A failover with events cannot be deleted either (foreign key), nor a table truncated by CASCADE.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused by %', TG_OP, TG_TABLE_NAME, TG_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER failover_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON failover_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER failover_approval_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON failover_approval
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- A restore's row follows the restore, but stays for good.
CREATE TRIGGER restore_is_kept BEFORE DELETE OR TRUNCATE ON restore
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The approval's own word for who requested must be the failover's, or the comparison below proves nothing.
CREATE FUNCTION approval_names_requester() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.requested_by IS DISTINCT FROM (SELECT requested_by FROM failover WHERE id = NEW.failover_id) THEN
        RAISE EXCEPTION 'requested_by of a failover_approval is not the failover''s: %', TG_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER approval_names_requester BEFORE INSERT ON failover_approval
    FOR EACH ROW EXECUTE FUNCTION approval_names_requester();

ALTER TABLE failover_approval
    ADD CONSTRAINT approver_is_not_requester CHECK (decision <> 'APPROVED' OR decided_by <> requested_by),
    ADD CONSTRAINT approval_decision_known CHECK (decision IN ('APPROVED', 'REJECTED'));

ALTER TABLE recovery_plan
    ADD CONSTRAINT plan_hubs_differ CHECK (source_hub_id <> target_hub_id),
    ADD CONSTRAINT plan_objectives_positive CHECK (rpo_seconds > 0 AND rto_seconds > 0 AND import_window_seconds >= 0);

-- Words that decide whether something is written to a hub, who may do it, or what is locked.
ALTER TABLE hub ADD CONSTRAINT hub_policy_known CHECK (policy IN ('OBSERVE', 'PROTECT'));
ALTER TABLE failover_hub ADD CONSTRAINT failover_hub_role_known CHECK (role IN ('SOURCE', 'TARGET'));
ALTER TABLE cluster_readiness
    ADD CONSTRAINT cluster_verdict_known CHECK (verdict IN ('READY', 'AT_RISK', 'NOT_READY', 'UNKNOWN', 'NOT_NEEDED'));
ALTER TABLE api_key
    ADD CONSTRAINT api_key_roles_known CHECK (roles <@ ARRAY['viewer', 'operator', 'approver', 'admin'] AND roles <> '{}');
ALTER TABLE idempotency_key ADD CONSTRAINT idempotency_state_known CHECK (state IN ('RUNNING', 'DONE'));
ALTER TABLE lease ADD CONSTRAINT lease_epoch_positive CHECK (epoch > 0);
