import { Injectable } from '@nestjs/common';
import { shapedPages, type ListRequest, type Page, type Sort } from '../common/paging.js';
import { sqlKeysetPages } from '../database/keyset.js';
import { containing } from '../database/like.js';
import { Sql } from '../database/sql.js';
import { clusterFromJson, type StoredCluster } from './stored-findings.rules.js';
import type { ClusterGrouping, ClusterReadinessFilter, ClusterReadinessRow, ClusterReadinessSortField, ClusterVerdict } from './readiness.types.js';

/** Rows read at once while a whole list is told. */
const ROWS_AT_ONCE = 1_000;

const CLUSTER = 'LEFT JOIN managed_cluster AS cluster ON cluster.hub_id = plan.source_hub_id AND cluster.name = row.cluster';
const ROWS = `recovery_plan AS plan JOIN cluster_readiness AS row ON row.plan_id = plan.id ${CLUSTER}`;
/** From $2 on. A row without a code has no findings: most are told so without a look into them. */
const MATCHING = `($2::text IS NULL OR row.verdict = $2) AND ($3::text IS NULL OR row.origin = $3) AND ($4::text IS NULL OR row.cluster ILIKE $4)
  AND ($5::text IS NULL OR row.code IS NOT NULL AND row.findings @> jsonb_build_array(jsonb_build_object('code', $5::text))) AND ($6::text IS NULL OR cluster.cluster_set = $6) AND ($7::text IS NULL OR cluster.vendor = $7)
  AND ($8::text IS NULL OR ($9::text IS NULL AND cluster.labels ? $8) OR cluster.labels->>$8 = $9)`;
const ROW = `row.plan_id AS "planId", row.cluster, row.origin, row.verdict, row.code, row.findings, row.set_id AS "setId", row.since`;

/** `key` or `key=value` */
function labelOf(text: string | undefined): readonly [string | null, string | null] {
  if (text === undefined) return [null, null];
  const at = text.indexOf('=');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

const valuesOf = (filter: ClusterReadinessFilter): (string | null)[] => [
  filter.verdict ?? null, filter.origin ?? null, filter.name === undefined ? null : containing(filter.name), filter.code ?? null, filter.clusterSet ?? null, filter.vendor ?? null, ...labelOf(filter.label),
];

const GROUPED_BY: Readonly<Record<Exclude<ClusterGrouping, 'LABEL'>, string>> = {
  VERDICT: 'row.verdict', CODE: 'row.code', ORIGIN: 'row.origin', CLUSTER_SET: 'cluster.cluster_set', VENDOR: 'cluster.vendor',
};

export interface GroupRow {
  readonly planId: string;
  readonly value: string | null;
  readonly counts: Partial<Record<ClusterVerdict, number>>;
}

/** Reads the verdicts on a plan's clusters: page by page, whole, and counted. */
@Injectable()
export class ClusterListRepository {
  constructor(private readonly sql: Sql) {}

  /** Of each plan, in the order of the ids. @param computedAt when a plan was last computed */
  async pages(planIds: readonly string[], computedAt: (planId: string) => Date, filter: ClusterReadinessFilter, sort: Sort<ClusterReadinessSortField>, page: ListRequest): Promise<(Page<ClusterReadinessRow> | Error)[]> {
    const byField = { field: sort.by, direction: sort.direction, column: `row.${sort.by}` } as const;
    const found = await sqlKeysetPages<StoredCluster>(this.sql, {
      list: 'cluster-readiness', owners: planIds, filterOf: (planId) => ({ planId, ...filter }), page,
      sort: sort.by === 'cluster' ? [byField] : [byField, { field: 'cluster', direction: sort.direction, column: 'row.cluster' }],
      columns: ROW, from: `${ROWS} WHERE plan.id = owner.id AND ${MATCHING}`, values: valuesOf(filter),
    });
    return shapedPages(found, (row) => clusterFromJson(row, computedAt(row.planId)));
  }

  /** All, by name; a thousand are held at once, and no connection while the reader reads. */
  async *all(planId: string, computedAt: Date, filter: ClusterReadinessFilter): AsyncGenerator<readonly ClusterReadinessRow[]> {
    const values = [planId, ...valuesOf(filter)];
    let after = '';
    for (;;) {
      const rows = await this.sql.query<StoredCluster>(`SELECT ${ROW} FROM ${ROWS} WHERE plan.id = $1 AND ${MATCHING} AND row.cluster > $${values.length + 1} ORDER BY row.cluster LIMIT ${ROWS_AT_ONCE}`, [...values, after]);
      if (rows.length > 0) yield rows.map((row) => clusterFromJson(row, computedAt));
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROWS_AT_ONCE) return;
      after = last.cluster;
    }
  }

  /**
   * Counted by a property, of each plan; most clusters first. LATERAL reads each plan's clusters by its own hub: joined all at once, those of all
   * hubs are read.
   * @param label for the grouping LABEL: the label's key
   */
  groups(planIds: readonly string[], by: ClusterGrouping, label: string | null, filter: ClusterReadinessFilter): Promise<GroupRow[]> {
    const values: (string | null)[] = valuesOf(filter);
    const column = by === 'LABEL' ? `cluster.labels->>$${values.push(label) + 1}` : GROUPED_BY[by];
    return this.sql.query<GroupRow>(
      `SELECT plan.id AS "planId", found.value, found.counts FROM recovery_plan AS plan, LATERAL (
         SELECT value, jsonb_object_agg(verdict, count) AS counts, sum(count) AS total FROM (
           SELECT ${column} AS value, row.verdict, count(*)::int AS count FROM cluster_readiness AS row ${CLUSTER} WHERE row.plan_id = plan.id AND ${MATCHING} GROUP BY 1, 2
         ) AS counted GROUP BY value
       ) AS found WHERE plan.id = ANY($1::uuid[]) ORDER BY found.total DESC, found.value`, [planIds, ...values]);
  }
}
