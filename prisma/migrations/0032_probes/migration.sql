-- AlterTable
ALTER TABLE "recovery_plan" ADD COLUMN     "deep_check" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "probe_interval_seconds" INTEGER NOT NULL DEFAULT 21600;

-- AlterTable
ALTER TABLE "target_path" ADD COLUMN     "api_url" TEXT,
ADD COLUMN     "attempt_code" TEXT,
ADD COLUMN     "attempt_detail" TEXT,
ADD COLUMN     "attempted_at" TIMESTAMPTZ(3),
ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "code" TEXT,
ADD COLUMN     "deep_at" TIMESTAMPTZ(3),
ADD COLUMN     "deep_detail" TEXT,
ADD COLUMN     "deep_state" TEXT,
ADD COLUMN     "due_at" TIMESTAMPTZ(3),
ADD COLUMN     "lifeboat_at" TIMESTAMPTZ(3),
ADD COLUMN     "lifeboat_code" TEXT,
ADD COLUMN     "lifeboat_detail" TEXT,
ADD COLUMN     "since" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "target_path_by_due" ON "target_path"("due_at");

ALTER TABLE recovery_plan ADD CONSTRAINT plan_probe_interval_bounded CHECK (probe_interval_seconds BETWEEN 300 AND 604800);
ALTER TABLE target_path DROP CONSTRAINT target_path_state_known;
ALTER TABLE target_path ADD CONSTRAINT target_path_state_known CHECK (state IN ('PROVEN', 'REFUSED', 'UNKNOWN'));
ALTER TABLE target_path ADD CONSTRAINT target_path_deep_state_known CHECK (deep_state IN ('ACCEPTED', 'REFUSED', 'UNKNOWN'));

-- Told like a verdict: of the hub whose cluster it is.
CREATE FUNCTION note_target_path_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_change('TARGET_PATH_CHANGED', source_hub_id, NEW.cluster, id, jsonb_build_object(
        'state', jsonb_build_object('from', OLD.state, 'to', NEW.state), 'code', jsonb_build_object('from', OLD.code, 'to', NEW.code)))
    FROM recovery_plan WHERE id = NEW.plan_id;
    RETURN NULL;
END $$;

CREATE TRIGGER target_path_changed AFTER UPDATE ON target_path FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_target_path_changed();
