-- AlterTable
ALTER TABLE "hub_object" DROP COLUMN "listing";

-- AlterTable
ALTER TABLE "hub_watch" DROP COLUMN "listing";

-- AlterTable
ALTER TABLE "token_work" ADD COLUMN     "passed_at" TIMESTAMPTZ(3);
