-- Changes that wait for their ids lie apart: whether there are any is then asked of a table that is all but empty, whatever the planner
-- believes of the log; and each change is indexed once, not again when it gets its id.
CREATE TABLE "change_waiting" (
    "written" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "type" TEXT NOT NULL,
    "hub_id" UUID NOT NULL,
    "cluster" TEXT,
    "subject_id" UUID NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "change_waiting_pkey" PRIMARY KEY ("written")
);

-- It fills and empties all the time
ALTER TABLE change_waiting SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

INSERT INTO change_waiting (at, type, hub_id, cluster, subject_id, data) SELECT at, type, hub_id, cluster, subject_id, data FROM change WHERE id IS NULL ORDER BY written;
DELETE FROM change WHERE id IS NULL;

-- Its primary key and the index of what waits go with the column
ALTER TABLE "change" DROP COLUMN "written", ALTER COLUMN "at" DROP DEFAULT, ALTER COLUMN "id" SET NOT NULL;
DROP INDEX IF EXISTS "change_without_id";
DROP INDEX "change_by_id";
ALTER TABLE "change" ADD CONSTRAINT "change_pkey" PRIMARY KEY ("id");

CREATE OR REPLACE FUNCTION note_change(type text, hub_id uuid, cluster text, subject_id uuid, data jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO change_waiting (type, hub_id, cluster, subject_id, data) VALUES ($1, $2, $3, $4, $5)
$$;

-- One INSERT for all rows of a statement: a function called for each would cost more than the rest.
CREATE OR REPLACE FUNCTION note_tokens_added() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO change_waiting (type, hub_id, cluster, subject_id, data)
    SELECT 'TOKEN_ADDED', hub_id, cluster, id, (
        SELECT jsonb_build_object('account', account) || COALESCE(jsonb_object_agg(key, jsonb_build_object('from', NULL, 'to', value)), '{}')
        FROM jsonb_each(facts) WHERE value <> 'null' AND key NOT IN ('id', 'hub_id', 'cluster', 'account', 'read_at'))
    FROM (SELECT id, hub_id, cluster, account, to_jsonb(added) AS facts FROM added ORDER BY hub_id, cluster, account) AS told;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_tokens_changed() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
    INSERT INTO change_waiting (type, hub_id, cluster, subject_id, data)
    SELECT CASE WHEN data ? 'problem_code' THEN 'TOKEN_PROBLEM_CHANGED' ELSE 'TOKEN_CHANGED' END, hub_id, cluster, id, data || jsonb_build_object('account', account)
    FROM (
        SELECT id, hub_id, cluster, account, (
            SELECT jsonb_object_agg(key, jsonb_build_object('from', before->key, 'to', value)) FROM jsonb_each(after)
            WHERE value IS DISTINCT FROM before->key AND key NOT IN ('id', 'read_at')) AS data
        FROM (SELECT is_now.id, is_now.hub_id, is_now.cluster, is_now.account, to_jsonb(was) AS before, to_jsonb(is_now) AS after FROM was JOIN is_now USING (id) OFFSET 0) AS pair
        ORDER BY hub_id, cluster, account) AS told
    WHERE data IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_tokens_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_waiting (type, hub_id, cluster, subject_id, data)
    SELECT 'TOKEN_REMOVED', hub_id, cluster, id, jsonb_build_object('account', account)
    FROM gone WHERE NOT EXISTS (SELECT FROM hub WHERE hub.id = gone.hub_id AND hub.removed_at IS NOT NULL) ORDER BY hub_id, cluster, account;
    RETURN NULL;
END $$;

-- Gives ids, in the order of writing, to changes whose transactions have ended. Returns the last id.
CREATE OR REPLACE FUNCTION number_changes(at_most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    head bigint;
    given bigint;
BEGIN
    -- By its index, so that rows which are gone cost nothing before they are vacuumed
    PERFORM written FROM change_waiting ORDER BY written LIMIT 1;
    IF NOT FOUND THEN
        RETURN (SELECT last_id FROM change_head);
    END IF;
    SELECT last_id INTO head FROM change_head FOR UPDATE;
    -- A statement of its own: it sees what whoever held the row before has taken
    WITH taken AS (DELETE FROM change_waiting WHERE written IN (SELECT written FROM change_waiting ORDER BY written LIMIT at_most) RETURNING *)
    INSERT INTO change (id, at, type, hub_id, cluster, subject_id, data)
    SELECT head + row_number() OVER (ORDER BY written), at, type, hub_id, cluster, subject_id, data FROM taken ORDER BY written;
    GET DIAGNOSTICS given = ROW_COUNT;
    UPDATE change_head SET last_id = head + given WHERE given > 0;
    RETURN head + given;
END $$;
