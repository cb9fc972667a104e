-- AlterTable
ALTER TABLE "hub" ADD COLUMN     "setup" JSONB;

-- AlterTable
ALTER TABLE "hub_prerequisite" ADD COLUMN     "remedy_by" TEXT NOT NULL DEFAULT 'HUB_ADMIN';
