-- AlterTable
ALTER TABLE "target_path" ADD COLUMN     "deep_other" JSONB;

-- A Secret on the source hub may hold no token at all: nobody is asked then, and that is known nonetheless.
ALTER TABLE target_path DROP CONSTRAINT target_path_deep_state_known;
ALTER TABLE target_path ADD CONSTRAINT target_path_deep_state_known CHECK (deep_state IN ('PASSED', 'DENIED', 'REFUSED', 'EMPTY', 'UNREACHABLE', 'UNKNOWN'));
