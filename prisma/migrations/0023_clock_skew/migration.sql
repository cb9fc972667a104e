-- AlterTable
ALTER TABLE "hub" ADD COLUMN     "clock_skew_seconds" INTEGER;
