-- AlterTable
ALTER TABLE "auto_import_token" ADD COLUMN     "early_refresh_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "token_incarnation" ADD COLUMN     "early_refresh_at" TIMESTAMPTZ(3);

-- Verdicts read it.
CREATE OR REPLACE FUNCTION wake_verdicts_of_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hubs uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(hub_id), array_agg(cluster) INTO hubs, names FROM (
            SELECT hub_id, cluster, account, secret_present, binding_present, problem_since, early_refresh_at FROM is_now
            EXCEPT SELECT hub_id, cluster, account, secret_present, binding_present, problem_since, early_refresh_at FROM was) AS changed;
    ELSE
        SELECT array_agg(hub_id), array_agg(cluster) INTO hubs, names FROM changed;
    END IF;
    IF hubs IS NOT NULL THEN PERFORM wake_verdicts(hubs, names); END IF;
    RETURN NULL;
END $$;
