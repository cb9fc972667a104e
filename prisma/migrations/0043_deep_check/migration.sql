-- AlterTable
ALTER TABLE "target_path" ADD COLUMN     "deep_account" TEXT,
ADD COLUMN     "deep_api_url" TEXT,
ADD COLUMN     "deep_attempt" TEXT,
ADD COLUMN     "deep_attempted_at" TIMESTAMPTZ(3),
ADD COLUMN     "deep_due_at" TIMESTAMPTZ(3),
ADD COLUMN     "deep_refreshed_at" TIMESTAMPTZ(3),
ADD COLUMN     "deep_since" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "target_path_by_deep_due" ON "target_path"("deep_due_at");

-- Nobody has written one yet.
ALTER TABLE target_path DROP CONSTRAINT target_path_deep_state_known;
ALTER TABLE target_path ADD CONSTRAINT target_path_deep_state_known CHECK (deep_state IN ('PASSED', 'DENIED', 'REFUSED', 'UNREACHABLE', 'UNKNOWN'));

-- All but when something is tried next may be told.
CREATE OR REPLACE FUNCTION wake_verdicts_of_paths() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO readiness_due (plan_id, cluster) SELECT plan_id, cluster FROM (
            SELECT plan_id, cluster, to_jsonb(is_now) - 'due_at' - 'deep_due_at' FROM is_now EXCEPT SELECT plan_id, cluster, to_jsonb(was) - 'due_at' - 'deep_due_at' FROM was) AS changed;
    ELSE
        INSERT INTO readiness_due (plan_id, cluster) SELECT plan_id, cluster FROM changed;
    END IF;
    RETURN NULL;
END $$;
