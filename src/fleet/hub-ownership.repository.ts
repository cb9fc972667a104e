import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { Ownership, OwnedHub, PresentWorker } from './hub-shares.rules.js';
import type { HubWatch, Worker } from './workers.types.js';

/** Key of the lease by which a worker says that it is there. */
export const presenceKey = (worker: string): string => `worker/${worker}`;

/** Who watches what, as the leases say, by the database's clock. */
@Injectable()
export class HubOwnershipRepository {
  constructor(private readonly sql: Sql) {}

  async ownership(): Promise<Ownership> {
    const [row] = await this.sql.query<{ workers: PresentWorker[]; hubs: OwnedHub[] }>(
      `SELECT
         (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', substr(key, length('worker/') + 1), 'presentMs', extract(epoch FROM now() - acquired_at) * 1000) ORDER BY key), '[]')
          FROM lease WHERE key LIKE 'worker/%' AND expires_at > now()) AS workers,
         (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', hub.id, 'worker', regexp_replace(lease.owner, '/[^/]*$', ''),
            'inFailover', EXISTS (SELECT 1 FROM failover_hub WHERE failover_hub.hub_id = hub.id AND open)) ORDER BY hub.id), '[]')
          FROM hub LEFT JOIN lease ON lease.key = 'hub/' || hub.id AND lease.expires_at > now() WHERE hub.removed_at IS NULL) AS hubs`,
    );
    return row ?? { workers: [], hubs: [] };
  }

  /** Workers that are there, by id. */
  workers(): Promise<Worker[]> {
    return this.sql.query(
      `SELECT substr(worker.key, length('worker/') + 1) AS id, worker.acquired_at AS since,
         ARRAY(SELECT hub.id::text FROM hub JOIN lease ON lease.key = 'hub/' || hub.id AND lease.expires_at > now()
               WHERE hub.removed_at IS NULL AND regexp_replace(lease.owner, '/[^/]*$', '') = substr(worker.key, length('worker/') + 1) ORDER BY hub.id) AS "hubIds"
       FROM lease AS worker WHERE worker.key LIKE 'worker/%' AND worker.expires_at > now() ORDER BY worker.key`,
    );
  }

  /** Of those hubs that are watched now. */
  watches(hubIds: readonly string[]): Promise<HubWatch[]> {
    return this.sql.query(
      `SELECT hub_id::text AS "hubId", regexp_replace(owner, '/[^/]*$', '') AS worker, acquired_at AS since
       FROM unnest($1::uuid[]) AS asked (hub_id) JOIN lease ON key = 'hub/' || hub_id AND expires_at > now()`,
      [[...hubIds]],
    );
  }

  /** Workers that are long gone leave a lease that nobody will claim again. */
  async forgetWorkers(): Promise<void> {
    await this.sql.execute(`DELETE FROM lease WHERE key LIKE 'worker/%' AND expires_at < now() - interval '1 day'`);
  }
}
