import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql.js';
import type { Ownership, OwnedHub, PresentWorker } from './hub-shares.rules.js';

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

  /** Workers that are long gone leave a lease that nobody will claim again. */
  async forgetWorkers(): Promise<void> {
    await this.sql.execute(`DELETE FROM lease WHERE key LIKE 'worker/%' AND expires_at < now() - interval '1 day'`);
  }
}
