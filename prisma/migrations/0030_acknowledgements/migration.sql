-- CreateTable
CREATE TABLE "finding_acknowledgement" (
    "id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "cluster" TEXT,
    "code" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "acknowledged_by" TEXT NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "withdrawn_by" TEXT,
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "finding_acknowledgement_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "finding_acknowledgement_by_plan" ON "finding_acknowledgement"("plan_id", "until");

-- AddForeignKey
ALTER TABLE "finding_acknowledgement" ADD CONSTRAINT "finding_acknowledgement_plan_fkey" FOREIGN KEY ("plan_id") REFERENCES "recovery_plan"("id") ON DELETE CASCADE ON UPDATE CASCADE;
