-- Which clusters of a target came out of a backup is asked with every computation of a plan.
CREATE INDEX "managed_cluster_restored" ON "managed_cluster" ("hub_id") WHERE labels ? 'velero.io/backup-name';
