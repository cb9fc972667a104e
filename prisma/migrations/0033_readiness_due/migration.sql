-- AlterTable
ALTER TABLE "plan_readiness" ADD COLUMN     "basis" TEXT,
ADD COLUMN     "by_code" JSONB,
ADD COLUMN     "counts" JSONB,
ADD COLUMN     "whole_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "cluster_readiness" ADD COLUMN     "recheck_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "readiness_due" (
    "id" BIGSERIAL NOT NULL,
    "plan_id" UUID NOT NULL,
    "cluster" TEXT,

    CONSTRAINT "readiness_due_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "readiness_due_by_plan" ON "readiness_due"("plan_id");

-- CreateIndex
CREATE INDEX "cluster_readiness_by_recheck" ON "cluster_readiness"("plan_id", "recheck_at");

-- It fills and empties all the time
ALTER TABLE readiness_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which verdicts a change concerns is written in the transaction of the change, whoever makes it and by whichever statement: no wake-up can be
-- lost, and nobody has to work out a whole fleet to be sure. Rows are only added, so that no writer waits for another. What is compared is what
-- verdicts on clusters read (readiness.repository.ts): whoever reads more there compares more here. What is compared is compared as sets,
-- since a join of transition tables is planned once, for whatever number of rows came first.

-- Beyond 500 clusters of a plan at once: all of them.
CREATE FUNCTION wake_verdicts(hubs uuid[], clusters text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO readiness_due (plan_id, cluster)
    SELECT DISTINCT plan_id, CASE WHEN many <= 500 THEN name END FROM (
        SELECT plan.id AS plan_id, told.name, count(*) OVER (PARTITION BY plan.id) AS many
        FROM unnest(hubs, clusters) AS told (hub_id, name) JOIN recovery_plan AS plan ON plan.source_hub_id = told.hub_id AND plan.archived_at IS NULL) AS woken
$$;

CREATE FUNCTION wake_verdicts_of_clusters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hubs uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(hub_id), array_agg(name) INTO hubs, names FROM (
            SELECT hub_id, name, origin, openshift_id, labels, api_url, available, available_since, created_on_hub_at FROM is_now
            EXCEPT SELECT hub_id, name, origin, openshift_id, labels, api_url, available, available_since, created_on_hub_at FROM was) AS changed;
    ELSE
        SELECT array_agg(hub_id), array_agg(name) INTO hubs, names FROM changed;
    END IF;
    IF hubs IS NOT NULL THEN PERFORM wake_verdicts(hubs, names); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON managed_cluster REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_clusters();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON managed_cluster REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_clusters();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON managed_cluster REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_clusters();

-- Of a hub's own words: whether a cluster may be imported, and since when an account has existed.
CREATE FUNCTION wake_verdicts_of_objects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hubs uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(hub_id), array_agg(CASE kind WHEN 'ACCOUNT' THEN namespace ELSE name END) INTO hubs, names FROM (
            SELECT hub_id, kind, namespace, name, CASE kind WHEN 'ACCOUNT' THEN facts->>'createdAt' ELSE facts->>'importDisabled' END FROM is_now WHERE kind IN ('ACCOUNT', 'MANAGED_CLUSTER')
            EXCEPT SELECT hub_id, kind, namespace, name, CASE kind WHEN 'ACCOUNT' THEN facts->>'createdAt' ELSE facts->>'importDisabled' END FROM was) AS changed;
    ELSE
        SELECT array_agg(hub_id), array_agg(CASE kind WHEN 'ACCOUNT' THEN namespace ELSE name END) INTO hubs, names FROM changed WHERE kind IN ('ACCOUNT', 'MANAGED_CLUSTER');
    END IF;
    IF hubs IS NOT NULL THEN PERFORM wake_verdicts(hubs, names); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON hub_object REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_objects();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON hub_object REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_objects();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON hub_object REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_objects();

CREATE FUNCTION wake_verdicts_of_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hubs uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(hub_id), array_agg(cluster) INTO hubs, names FROM (
            SELECT hub_id, cluster, account, secret_present, binding_present, problem_since FROM is_now
            EXCEPT SELECT hub_id, cluster, account, secret_present, binding_present, problem_since FROM was) AS changed;
    ELSE
        SELECT array_agg(hub_id), array_agg(cluster) INTO hubs, names FROM changed;
    END IF;
    IF hubs IS NOT NULL THEN PERFORM wake_verdicts(hubs, names); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON auto_import_token REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_tokens();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON auto_import_token REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_tokens();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON auto_import_token REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_tokens();

-- Of any set of the source, since which one counts may be decided at this very moment.
CREATE FUNCTION wake_verdicts_of_set(sets uuid[], clusters text[]) RETURNS void LANGUAGE sql AS $$
    SELECT wake_verdicts(array_agg(hub.id), array_agg(told.cluster))
    FROM (SELECT DISTINCT set_id, cluster FROM unnest(sets, clusters) AS told (set_id, cluster)) AS told
    JOIN backup_set ON backup_set.id = told.set_id JOIN hub ON hub.cluster_id = backup_set.owner_cluster_id AND hub.removed_at IS NULL
    HAVING count(*) > 0
$$;

CREATE FUNCTION wake_verdicts_of_set_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sets uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM (
            SELECT set_id, cluster, account, belief, reason, expires_at, refreshed_at, evidence FROM is_now
            EXCEPT SELECT set_id, cluster, account, belief, reason, expires_at, refreshed_at, evidence FROM was) AS changed;
    ELSE
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM changed;
    END IF;
    IF sets IS NOT NULL THEN PERFORM wake_verdicts_of_set(sets, names); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON backup_set_token REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_tokens();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON backup_set_token REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_tokens();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON backup_set_token REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_tokens();

CREATE FUNCTION wake_verdicts_of_set_clusters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sets uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM (
            SELECT set_id, cluster, belief, evidence, api_url_known, api_url FROM is_now EXCEPT SELECT set_id, cluster, belief, evidence, api_url_known, api_url FROM was) AS changed;
    ELSE
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM changed;
    END IF;
    IF sets IS NOT NULL THEN PERFORM wake_verdicts_of_set(sets, names); END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON backup_set_cluster REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_clusters();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON backup_set_cluster REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_clusters();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON backup_set_cluster REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_set_clusters();

-- A path belongs to a plan. All but when it is probed next may be told.
CREATE FUNCTION wake_verdicts_of_paths() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO readiness_due (plan_id, cluster) SELECT plan_id, cluster FROM (
            SELECT plan_id, cluster, to_jsonb(is_now) - 'due_at' FROM is_now EXCEPT SELECT plan_id, cluster, to_jsonb(was) - 'due_at' FROM was) AS changed;
    ELSE
        INSERT INTO readiness_due (plan_id, cluster) SELECT plan_id, cluster FROM changed;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_woken_by_insert AFTER INSERT ON target_path REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_paths();
CREATE TRIGGER verdicts_woken_by_update AFTER UPDATE ON target_path REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_paths();
CREATE TRIGGER verdicts_woken_by_delete AFTER DELETE ON target_path REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION wake_verdicts_of_paths();

-- Nobody works out an archived plan.
CREATE FUNCTION forget_due_verdicts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM readiness_due WHERE plan_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER plan_archived AFTER UPDATE OF archived_at ON recovery_plan FOR EACH ROW WHEN (NEW.archived_at IS NOT NULL) EXECUTE FUNCTION forget_due_verdicts();
