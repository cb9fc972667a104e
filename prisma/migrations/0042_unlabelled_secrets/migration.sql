-- Secrets that a backup would leave out are few, and asked for at every batch of work.
CREATE INDEX "hub_object_unlabelled" ON "hub_object" ("hub_id", "namespace")
  WHERE kind = 'TOKEN_SECRET' AND facts->>'backupLabel' IS NULL AND facts->>'hiveLabel' IS NULL AND facts->>'typeLabel' IS NULL AND facts->>'deleting' = 'false';
