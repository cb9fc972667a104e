-- AlterTable
ALTER TABLE "auto_import_token" ADD COLUMN     "uncovered_seconds_per_day" INTEGER,
ADD COLUMN     "set_restorable_seconds" INTEGER,
ADD COLUMN     "old_for_rpo_at" TIMESTAMPTZ(3);
