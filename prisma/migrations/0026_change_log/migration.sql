-- DropIndex
DROP INDEX "auto_import_token_by_expiry";

-- CreateTable
CREATE TABLE "change" (
    "written" BIGSERIAL NOT NULL,
    "id" BIGINT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "type" TEXT NOT NULL,
    "hub_id" UUID NOT NULL,
    "cluster" TEXT,
    "subject_id" UUID NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "change_pkey" PRIMARY KEY ("written")
);

-- CreateTable
CREATE TABLE "change_head" (
    "one" BOOLEAN NOT NULL DEFAULT true,
    "last_id" BIGINT NOT NULL DEFAULT 0,
    "kept_after" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "change_head_pkey" PRIMARY KEY ("one")
);

-- CreateIndex
CREATE UNIQUE INDEX "change_by_id" ON "change"("id");

-- CreateIndex
CREATE INDEX "change_by_hub" ON "change"("hub_id", "id");

-- CreateIndex
CREATE INDEX "change_without_id" ON "change"("written") WHERE (id IS NULL);

-- CreateIndex
CREATE INDEX "auto_import_token_by_expiry" ON "auto_import_token"("expires_at", "id");

-- CreateIndex
CREATE INDEX "auto_import_token_by_cluster" ON "auto_import_token"("cluster", "id");

-- CreateIndex
CREATE INDEX "auto_import_token_by_problem_age" ON "auto_import_token"("problem_since", "id");

-- CreateIndex
CREATE INDEX "managed_cluster_by_set" ON "managed_cluster"("cluster_set");

ALTER TABLE change_head ADD CONSTRAINT change_head_is_one_row CHECK (one);
INSERT INTO change_head (one) VALUES (TRUE);

-- ---- Writing: in the transaction of the change, whoever makes it and by whichever statement.

-- For others to call within their own statement, set-based: SELECT note_change('…', hub_id, cluster, id, data) FROM …
CREATE FUNCTION note_change(type text, hub_id uuid, cluster text, subject_id uuid, data jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO change (type, hub_id, cluster, subject_id, data) VALUES ($1, $2, $3, $4, $5)
$$;

-- { column: { from, to } } of what differs; a column that is not there counts as null.
CREATE FUNCTION changed_columns(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(jsonb_object_agg(key, jsonb_build_object('from', COALESCE(was.value, 'null'), 'to', COALESCE(is_now.value, 'null'))), '{}')
    FROM jsonb_each(before) AS was FULL JOIN jsonb_each(after) AS is_now USING (key)
    WHERE COALESCE(was.value, 'null') <> COALESCE(is_now.value, 'null')
$$;

-- Instants in jsonb bear the session's offset: here always +00:00.
CREATE FUNCTION note_tokens_added() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    PERFORM note_change('TOKEN_ADDED', hub_id, cluster, id,
        changed_columns('{}', to_jsonb(added) - '{id,hub_id,cluster,account,read_at}'::text[]) || jsonb_build_object('account', account))
    FROM added ORDER BY hub_id, cluster, account;
    RETURN NULL;
END $$;

CREATE FUNCTION note_tokens_changed() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    PERFORM note_change(type, hub_id, cluster, id, data || jsonb_build_object('account', account)) FROM (
        SELECT is_now.id, is_now.hub_id, is_now.cluster, is_now.account,
            CASE WHEN was.problem_code IS DISTINCT FROM is_now.problem_code THEN 'TOKEN_PROBLEM_CHANGED' ELSE 'TOKEN_CHANGED' END AS type,
            changed_columns(to_jsonb(was) - '{id,read_at}'::text[], to_jsonb(is_now) - '{id,read_at}'::text[]) AS data
        FROM was JOIN is_now USING (id)) AS told
    WHERE data <> '{}' ORDER BY hub_id, cluster, account;
    RETURN NULL;
END $$;

-- That a hub was removed says all about its tokens.
CREATE FUNCTION note_tokens_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change('TOKEN_REMOVED', hub_id, cluster, id, jsonb_build_object('account', account))
    FROM gone WHERE NOT EXISTS (SELECT FROM hub WHERE hub.id = gone.hub_id AND hub.removed_at IS NOT NULL) ORDER BY hub_id, cluster, account;
    RETURN NULL;
END $$;

CREATE TRIGGER tokens_added AFTER INSERT ON auto_import_token REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_tokens_added();
CREATE TRIGGER tokens_changed AFTER UPDATE ON auto_import_token REFERENCING OLD TABLE AS was NEW TABLE AS is_now
    FOR EACH STATEMENT EXECUTE FUNCTION note_tokens_changed();
CREATE TRIGGER tokens_removed AFTER DELETE ON auto_import_token REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_tokens_removed();

CREATE FUNCTION note_hub_registered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change('HUB_REGISTERED', NEW.id, NULL, NEW.id, jsonb_build_object('name', NEW.name, 'policy', NEW.policy));
    RETURN NULL;
END $$;

-- The times that stand beside a state go with it; alone they are no change.
CREATE FUNCTION note_hub_changed() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    data jsonb := changed_columns(to_jsonb(OLD), to_jsonb(NEW));
    rest jsonb;
BEGIN
    IF NEW.removed_at IS NOT NULL THEN
        IF OLD.removed_at IS NULL THEN
            PERFORM note_change('HUB_REMOVED', NEW.id, NULL, NEW.id, jsonb_build_object('name', NEW.name));
        END IF;
        RETURN NULL;
    END IF;
    IF data ? 'reachability' THEN
        PERFORM note_change('HUB_REACHABILITY_CHANGED', NEW.id, NULL, NEW.id,
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(data) WHERE key IN ('reachability', 'unreachable_since', 'last_error_code')));
    END IF;
    IF data ? 'policy' THEN
        PERFORM note_change('HUB_POLICY_CHANGED', NEW.id, NULL, NEW.id, jsonb_build_object('policy', data->'policy'));
    END IF;
    IF data ? 'fencing' THEN
        PERFORM note_change('HUB_FENCING_CHANGED', NEW.id, NULL, NEW.id,
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(data) WHERE key IN ('fencing', 'fencing_changed_at')));
    END IF;
    SELECT jsonb_object_agg(key, value) INTO rest FROM jsonb_each(data)
        WHERE key IN ('name', 'api_url', 'cluster_id', 'release', 'kube_version', 'token_validity_seconds', 'token_exclusions', 'token_expiry_warning_seconds',
            'token_pair_after_percent', 'token_renewal_overdue_seconds');
    IF rest IS NOT NULL THEN
        PERFORM note_change('HUB_CHANGED', NEW.id, NULL, NEW.id, rest);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER hub_registered AFTER INSERT ON hub FOR EACH ROW EXECUTE FUNCTION note_hub_registered();
CREATE TRIGGER hub_changed AFTER UPDATE ON hub FOR EACH ROW
    WHEN ((OLD.name, OLD.api_url, OLD.cluster_id, OLD.policy, OLD.release, OLD.kube_version, OLD.reachability, OLD.fencing, OLD.removed_at, OLD.token_validity_seconds,
            OLD.token_exclusions, OLD.token_expiry_warning_seconds, OLD.token_pair_after_percent, OLD.token_renewal_overdue_seconds)
        IS DISTINCT FROM (NEW.name, NEW.api_url, NEW.cluster_id, NEW.policy, NEW.release, NEW.kube_version, NEW.reachability, NEW.fencing, NEW.removed_at, NEW.token_validity_seconds,
            NEW.token_exclusions, NEW.token_expiry_warning_seconds, NEW.token_pair_after_percent, NEW.token_renewal_overdue_seconds))
    EXECUTE FUNCTION note_hub_changed();

CREATE FUNCTION note_prerequisite_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change('HUB_PREREQUISITE_CHANGED', NEW.hub_id, NULL, NEW.hub_id,
        jsonb_build_object('code', NEW.code, 'cause', NEW.cause, 'state', jsonb_build_object('from', CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, 'to', NEW.state)));
    RETURN NULL;
END $$;

CREATE TRIGGER prerequisite_found AFTER INSERT ON hub_prerequisite FOR EACH ROW EXECUTE FUNCTION note_prerequisite_changed();
CREATE TRIGGER prerequisite_changed AFTER UPDATE ON hub_prerequisite FOR EACH ROW
    WHEN ((OLD.state, OLD.cause) IS DISTINCT FROM (NEW.state, NEW.cause)) EXECUTE FUNCTION note_prerequisite_changed();

-- ---- Reading: only what bears an id is read, and ids are given by one at a time to changes whose transactions have ended. So no reader can
-- pass by a change that was written early and committed late. One call, one statement for the caller: a process that dies holds nothing up.

-- Gives ids, in the order of writing. Returns the last id.
CREATE FUNCTION number_changes(at_most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head bigint;
    given bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM change WHERE id IS NULL) THEN
        RETURN (SELECT last_id FROM change_head);
    END IF;
    SELECT last_id INTO head FROM change_head FOR UPDATE;
    -- A statement of its own: it sees what whoever held the row before has given
    WITH waiting AS (SELECT written FROM change WHERE id IS NULL ORDER BY written LIMIT at_most),
    counted AS (SELECT written, row_number() OVER (ORDER BY written) AS place FROM waiting)
    UPDATE change SET id = head + place FROM counted WHERE change.written = counted.written;
    GET DIAGNOSTICS given = ROW_COUNT;
    UPDATE change_head SET last_id = head + given WHERE given > 0;
    RETURN head + given;
END $$;

-- Forgets, the oldest first, up to `at_most` changes that are older than `kept_since` or beyond the newest `kept_rows`. Returns how many.
CREATE FUNCTION forget_changes(kept_since timestamptz, kept_rows bigint, at_most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head change_head;
    up_to bigint;
    forgotten bigint;
BEGIN
    SELECT * INTO head FROM change_head FOR UPDATE;
    WITH oldest AS (SELECT id, at FROM change WHERE id > head.kept_after ORDER BY id LIMIT at_most)
    SELECT COALESCE(min(id) FILTER (WHERE at >= kept_since AND id > head.last_id - kept_rows) - 1, max(id)) INTO up_to FROM oldest;
    IF up_to IS NULL OR up_to <= head.kept_after THEN
        RETURN 0;
    END IF;
    DELETE FROM change WHERE id <= up_to;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    UPDATE change_head SET kept_after = up_to;
    RETURN forgotten;
END $$;
