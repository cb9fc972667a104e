-- What PROTECT passes over on a hub, and its margins
ALTER TABLE "hub"
    ADD COLUMN "token_exclusions" TEXT[] DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN "token_expiry_warning_seconds" INTEGER,
    ADD COLUMN "token_pair_after_percent" INTEGER NOT NULL DEFAULT 50,
    ADD COLUMN "token_renewal_overdue_seconds" INTEGER;

-- A pair before half-life would not let any backup hold a token with half a life left; the agent renews at 80 percent
ALTER TABLE hub
    ADD CONSTRAINT hub_pair_between_half_and_renewal CHECK (token_pair_after_percent BETWEEN 50 AND 79),
    ADD CONSTRAINT hub_margins_positive CHECK (token_expiry_warning_seconds > 0 AND token_renewal_overdue_seconds > 0);

-- Which state of its spec a schedule was read in
ALTER TABLE "backup_schedule" ADD COLUMN "generation" INTEGER;

-- CreateTable
CREATE TABLE "protection_removal" (
    "id" UUID NOT NULL,
    "hub_id" UUID NOT NULL,
    "status" TEXT NOT NULL,
    "list_hash" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "correlation_system" TEXT,
    "correlation_id" TEXT,
    "correlation_number" TEXT,
    "correlation_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "remaining" INTEGER,
    "last_error_code" TEXT,

    CONSTRAINT "protection_removal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "protection_removal_item" (
    "removal_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "uid" TEXT NOT NULL,
    "resource_version" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "why" TEXT NOT NULL,
    "attempted_at" TIMESTAMPTZ(3),
    "outcome" TEXT,
    "detail" TEXT,
    "outcome_at" TIMESTAMPTZ(3),

    CONSTRAINT "protection_removal_item_pkey" PRIMARY KEY ("removal_id","position")
);

-- CreateIndex
CREATE UNIQUE INDEX "one_open_removal_per_hub" ON "protection_removal"("hub_id") WHERE (finished_at IS NULL);

-- AddForeignKey
ALTER TABLE "protection_removal" ADD CONSTRAINT "protection_removal_hub_fkey" FOREIGN KEY ("hub_id") REFERENCES "hub"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "protection_removal_item" ADD CONSTRAINT "protection_removal_item_removal_fkey" FOREIGN KEY ("removal_id") REFERENCES "protection_removal"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Nothing is removed without a reason, and what was removed stays on record
ALTER TABLE protection_removal
    ADD CONSTRAINT removal_status_known CHECK (status IN ('RUNNING', 'DONE', 'STOPPED')),
    ADD CONSTRAINT removal_open_while_running CHECK ((status = 'RUNNING') = (finished_at IS NULL)),
    ADD CONSTRAINT removal_has_reason CHECK (reason <> '');
ALTER TABLE protection_removal_item
    ADD CONSTRAINT removal_action_known CHECK (action IN ('DELETE', 'UNLABEL', 'FOLLOWS')),
    ADD CONSTRAINT removal_outcome_known CHECK (outcome IN ('DELETED', 'UNLABELLED', 'FOLLOWED', 'GONE', 'KEPT', 'REFUSED'));
