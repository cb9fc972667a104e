-- Verdicts read the doubt about an expiry, and from when on it matters.
CREATE OR REPLACE FUNCTION wake_verdicts_of_set_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sets uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM (
            SELECT set_id, cluster, account, belief, reason, expires_at, refreshed_at, evidence, expiry_doubt, sources->'inferred'->>'doubtfulFrom' FROM is_now
            EXCEPT SELECT set_id, cluster, account, belief, reason, expires_at, refreshed_at, evidence, expiry_doubt, sources->'inferred'->>'doubtfulFrom' FROM was) AS changed;
    ELSE
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM changed;
    END IF;
    IF sets IS NOT NULL THEN PERFORM wake_verdicts_of_set(sets, names); END IF;
    RETURN NULL;
END $$;
