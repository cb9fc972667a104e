-- When the hub told a fact (read_at) is not when we wrote it down; what looks for work that was done before asks for the latter.
-- Null: written by an older release, in which both were one.
ALTER TABLE "hub_object" ADD COLUMN "written_at" TIMESTAMPTZ(3);
