-- AlterTable
ALTER TABLE "backup_set" ADD COLUMN     "cluster_counts" JSONB,
ADD COLUMN     "schedule_name" TEXT,
ADD COLUMN     "tainted" TEXT,
ADD COLUMN     "token_counts" JSONB;

-- AlterTable
ALTER TABLE "backup_set_token" ADD COLUMN     "conflict" TEXT,
ADD COLUMN     "evidence_hub_id" UUID,
ADD COLUMN     "evidence_kind" TEXT NOT NULL DEFAULT 'NONE',
ADD COLUMN     "expiry_doubt" TEXT,
ADD COLUMN     "sources" JSONB NOT NULL DEFAULT '{}';

-- AlterTable
ALTER TABLE "token_incarnation" ADD COLUMN     "validity_seconds" INTEGER;

-- CreateTable
CREATE TABLE "backup_set_cluster" (
    "set_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "belief" TEXT NOT NULL,
    "evidence" TEXT NOT NULL,
    "evidence_kind" TEXT NOT NULL,
    "evidence_hub_id" UUID,
    "conflict" TEXT,
    "sources" JSONB NOT NULL,
    "api_url_known" BOOLEAN NOT NULL,
    "api_url" TEXT,
    "has_account" BOOLEAN,
    "has_binding" BOOLEAN,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backup_set_cluster_pkey" PRIMARY KEY ("set_id","cluster")
);

-- CreateTable
CREATE TABLE "backup_set_record" (
    "set_id" UUID NOT NULL,
    "part" TEXT NOT NULL,
    "backup" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "hub_id" UUID,
    "read_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "problem_code" TEXT,
    "problem_detail" TEXT,

    CONSTRAINT "backup_set_record_pkey" PRIMARY KEY ("set_id","part")
);

-- CreateTable
CREATE TABLE "download_request" (
    "name" TEXT NOT NULL,
    "hub_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "download_request_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "cluster_api_url" (
    "hub_id" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "api_url" TEXT,

    CONSTRAINT "cluster_api_url_pkey" PRIMARY KEY ("hub_id","cluster","since")
);

-- CreateIndex
CREATE INDEX "backup_by_name" ON "backup"("name");

-- CreateIndex
CREATE INDEX "backup_set_record_by_next_attempt" ON "backup_set_record"("next_attempt_at") WHERE (next_attempt_at IS NOT NULL);

-- AddForeignKey
ALTER TABLE "backup_set_cluster" ADD CONSTRAINT "backup_set_cluster_set_fkey" FOREIGN KEY ("set_id") REFERENCES "backup_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backup_set_record" ADD CONSTRAINT "backup_set_record_set_fkey" FOREIGN KEY ("set_id") REFERENCES "backup_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What was believed before was told by one source each: keep it as that source's word.
UPDATE "backup_set_token" SET
  "evidence_kind" = CASE WHEN "belief" = 'VERIFIED_IN' THEN 'PASSIVE_SYNC' WHEN "belief" = 'UNKNOWN' THEN 'NONE' ELSE 'LABEL_AT_START' END,
  "sources" = CASE WHEN "belief" = 'VERIFIED_IN'
    THEN jsonb_build_object('synced', jsonb_build_object('hubId', NULL, 'backup', (SELECT "credentials_backup" FROM "backup_set" WHERE "id" = "set_id"), 'expiresAt', "expires_at", 'refreshedAt', "refreshed_at", 'at', "decided_at"))
    ELSE jsonb_build_object('inferred', jsonb_build_object('belief', "belief", 'reason', "reason", 'expiresAt', "expires_at", 'refreshedAt', "refreshed_at", 'expiryDoubt', NULL, 'evidence', "evidence", 'at', "decided_at"))
  END;
