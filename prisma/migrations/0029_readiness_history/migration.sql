-- CreateTable
CREATE TABLE "readiness_change" (
    "id" BIGSERIAL NOT NULL,
    "plan_id" UUID NOT NULL,
    "cluster" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "from_verdict" TEXT,
    "to_verdict" TEXT,
    "from_code" TEXT,
    "to_code" TEXT,
    "cause" TEXT,

    CONSTRAINT "readiness_change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_readiness_hour" (
    "plan_id" UUID NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "verdict" TEXT NOT NULL,
    "worst_verdict" TEXT NOT NULL,
    "ready" INTEGER NOT NULL,
    "at_risk" INTEGER NOT NULL,
    "not_ready" INTEGER NOT NULL,
    "unknown" INTEGER NOT NULL,
    "not_needed" INTEGER NOT NULL,
    "fewest_recoverable" INTEGER NOT NULL,
    "set_id" UUID,
    "facts_at" TIMESTAMPTZ(3),
    "computed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "plan_readiness_hour_pkey" PRIMARY KEY ("plan_id","hour")
);

-- CreateIndex
CREATE INDEX "readiness_change_by_time" ON "readiness_change"("plan_id", "at", "id");

-- CreateIndex
CREATE INDEX "readiness_change_by_cluster" ON "readiness_change"("plan_id", "cluster", "at");

-- AddForeignKey
ALTER TABLE "readiness_change" ADD CONSTRAINT "readiness_change_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plan_readiness_hour" ADD CONSTRAINT "plan_readiness_hour_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Every change of a verdict is kept, by the moment of the computation that found it, and told in the change log: by triggers, so that none is
-- forgotten whoever writes.

CREATE FUNCTION note_verdicts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO readiness_change (plan_id, cluster, at, from_verdict, to_verdict, from_code, to_code, cause)
    SELECT is_now.plan_id, is_now.cluster, is_now.computed_at, was.verdict, is_now.verdict, was.code, is_now.code, is_now.findings->0->>'cause'
    FROM is_now JOIN was USING (plan_id, cluster)
    WHERE (was.verdict, was.code) IS DISTINCT FROM (is_now.verdict, is_now.code) ORDER BY is_now.plan_id, is_now.cluster;
    PERFORM note_change('CLUSTER_VERDICT_CHANGED', plan.source_hub_id, is_now.cluster, plan.id, jsonb_build_object(
        'verdict', jsonb_build_object('from', was.verdict, 'to', is_now.verdict), 'code', jsonb_build_object('from', was.code, 'to', is_now.code)))
    FROM is_now JOIN was USING (plan_id, cluster) JOIN recovery_plan AS plan ON plan.id = is_now.plan_id
    WHERE (was.verdict, was.code) IS DISTINCT FROM (is_now.verdict, is_now.code) ORDER BY is_now.plan_id, is_now.cluster;
    RETURN NULL;
END $$;

-- The first verdict on a cluster is kept, since a question about the past needs it; it is no change to tell.
CREATE FUNCTION note_verdicts_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO readiness_change (plan_id, cluster, at, to_verdict, to_code, cause)
    SELECT plan_id, cluster, computed_at, verdict, code, findings->0->>'cause' FROM added ORDER BY plan_id, cluster;
    RETURN NULL;
END $$;

CREATE FUNCTION note_verdicts_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO readiness_change (plan_id, cluster, at, from_verdict, from_code)
    SELECT gone.plan_id, gone.cluster, plan_readiness.computed_at, gone.verdict, gone.code FROM gone JOIN plan_readiness USING (plan_id) ORDER BY gone.plan_id, gone.cluster;
    RETURN NULL;
END $$;

CREATE TRIGGER verdicts_added AFTER INSERT ON cluster_readiness REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_verdicts_added();
CREATE TRIGGER verdicts_changed AFTER UPDATE ON cluster_readiness REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION note_verdicts_changed();
CREATE TRIGGER verdicts_removed AFTER DELETE ON cluster_readiness REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_verdicts_removed();

CREATE FUNCTION note_plan_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_verdict text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.verdict END;
    was_code text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.findings->0->>'code' END;
BEGIN
    INSERT INTO readiness_change (plan_id, at, from_verdict, to_verdict, from_code, to_code, cause)
    VALUES (NEW.plan_id, NEW.computed_at, was_verdict, NEW.verdict, was_code, NEW.findings->0->>'code', NEW.findings->0->>'cause');
    IF was_verdict IS NOT NULL AND was_verdict <> NEW.verdict THEN
        PERFORM note_change('PLAN_VERDICT_CHANGED', source_hub_id, NULL, id, jsonb_build_object('verdict', jsonb_build_object('from', was_verdict, 'to', NEW.verdict)))
        FROM recovery_plan WHERE id = NEW.plan_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER plan_verdict_found AFTER INSERT ON plan_readiness FOR EACH ROW EXECUTE FUNCTION note_plan_verdict();
CREATE TRIGGER plan_verdict_changed AFTER UPDATE ON plan_readiness FOR EACH ROW
    WHEN (OLD.verdict IS DISTINCT FROM NEW.verdict OR (OLD.findings->0->>'code') IS DISTINCT FROM (NEW.findings->0->>'code'))
    EXECUTE FUNCTION note_plan_verdict();
