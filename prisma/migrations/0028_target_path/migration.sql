-- AlterTable
ALTER TABLE "recovery_plan" ADD COLUMN     "reachability" TEXT NOT NULL DEFAULT 'ASSUMED';

-- CreateTable
CREATE TABLE "target_path" (
    "plan_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "target_path_pkey" PRIMARY KEY ("plan_id","cluster")
);

-- AddForeignKey
ALTER TABLE "target_path" ADD CONSTRAINT "target_path_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE recovery_plan ADD CONSTRAINT plan_reachability_known CHECK (reachability IN ('ASSUMED', 'PROBED'));
ALTER TABLE target_path ADD CONSTRAINT target_path_state_known CHECK (state IN ('PROVEN', 'REFUSED'));
