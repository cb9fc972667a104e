-- AlterTable
ALTER TABLE "backup_set_cluster" ADD COLUMN     "import_disabled" BOOLEAN;

-- Verdicts read it.
CREATE OR REPLACE FUNCTION wake_verdicts_of_set_clusters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sets uuid[];
    names text[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM (
            SELECT set_id, cluster, belief, evidence, api_url_known, api_url, import_disabled FROM is_now
            EXCEPT SELECT set_id, cluster, belief, evidence, api_url_known, api_url, import_disabled FROM was) AS changed;
    ELSE
        SELECT array_agg(set_id), array_agg(cluster) INTO sets, names FROM changed;
    END IF;
    IF sets IS NOT NULL THEN PERFORM wake_verdicts_of_set(sets, names); END IF;
    RETURN NULL;
END $$;
