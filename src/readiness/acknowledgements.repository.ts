import { Injectable } from '@nestjs/common';
import { sqlKeysetPages } from '../database/keyset.js';
import type { ListRequest, Page } from '../common/paging.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import type { Acknowledgement } from './readiness.types.js';

export interface AcknowledgementFilter {
  readonly cluster?: string | undefined;
  readonly code?: string | undefined;
  /** Default true: neither withdrawn nor over */
  readonly inForce?: boolean | undefined;
}

const COLUMNS = `
  id, plan_id AS "planId", cluster, code, reason, acknowledged_by AS "acknowledgedBy", acknowledged_at AS "acknowledgedAt", until, withdrawn_by AS "withdrawnBy", withdrawn_at AS "withdrawnAt"`;

@Injectable()
export class AcknowledgementsRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  create(data: Omit<Acknowledgement, 'id' | 'withdrawnBy' | 'withdrawnAt'>): Promise<Acknowledgement> {
    return this.prisma.findingAcknowledgement.create({ data });
  }

  find(id: string): Promise<Acknowledgement | null> {
    return this.prisma.findingAcknowledgement.findUnique({ where: { id } });
  }

  /** Whether it was in force until now. */
  async withdraw(id: string, by: string, now: Date): Promise<boolean> {
    const { count } = await this.prisma.findingAcknowledgement.updateMany({ where: { id, withdrawnAt: null }, data: { withdrawnBy: by, withdrawnAt: now } });
    return count > 0;
  }

  /** Those in force, of some plans; the youngest last. */
  inForce(planIds: readonly string[], now: Date): Promise<Acknowledgement[]> {
    return this.sql.query<Acknowledgement>(
      `SELECT ${COLUMNS} FROM finding_acknowledgement WHERE plan_id = ANY($1::uuid[]) AND withdrawn_at IS NULL AND until > $2 ORDER BY acknowledged_at, id`, [planIds, now]);
  }

  /** Youngest first, of each plan; in the order of the ids. */
  listOf(planIds: readonly string[], filter: AcknowledgementFilter, page: ListRequest, now: Date): Promise<(Page<Acknowledgement> | Error)[]> {
    return sqlKeysetPages<Acknowledgement>(this.sql, {
      list: 'acknowledgements', owners: planIds, filterOf: (planId) => ({ planId, ...filter }), page,
      sort: [{ field: 'acknowledgedAt', direction: 'DESC', column: 'acknowledged_at' }, { field: 'id', direction: 'DESC' }],
      columns: COLUMNS,
      from: `finding_acknowledgement WHERE plan_id = owner.id AND ($2::text IS NULL OR cluster = $2) AND ($3::text IS NULL OR code = $3) AND ($4::bool IS FALSE OR (withdrawn_at IS NULL AND until > $5))`,
      values: [filter.cluster ?? null, filter.code ?? null, filter.inForce ?? true, now],
    });
  }

  /** Whether the plan has such a finding now: on the cluster, or anywhere where none is named. */
  async isFound(planId: string, code: string, cluster: string | null): Promise<boolean> {
    const [row] = await this.sql.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM cluster_readiness WHERE plan_id = $1 AND ($3::text IS NULL OR cluster = $3) AND findings @> jsonb_build_array(jsonb_build_object('code', $2::text)))
         OR ($3::text IS NULL AND EXISTS (SELECT FROM plan_readiness WHERE plan_id = $1 AND findings @> jsonb_build_array(jsonb_build_object('code', $2::text)))) AS found`,
      [planId, code, cluster]);
    return row?.found === true;
  }
}
