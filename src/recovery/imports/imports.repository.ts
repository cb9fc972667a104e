import { Injectable } from '@nestjs/common';
import { shapedPages, type ListRequest, type Page, type Sort } from '../../common/paging.js';
import type { Import } from '../../database/generated/client.js';
import { sqlKeysetPages } from '../../database/keyset.js';
import { containing } from '../../database/like.js';
import { PrismaService } from '../../database/prisma.service.js';
import { Sql } from '../../database/sql.js';
import type { ClusterOrigin } from '../../fleet/fleet.types.js';
import { predictedOutcomeOfCode } from '../../readiness/cluster-verdict.rules.js';
import { clusterVerdicts, clusterFindingCodes, type ClusterVerdict } from '../../readiness/readiness.types.js';
import type { ClusterImport, ImportFilter, ImportOutcomeCode, ImportSortField, ImportState } from './imports.types.js';

/** Reads imports; the failover machine writes them, in the transactions of its steps. */
@Injectable()
export class ImportsRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sql: Sql,
  ) {}

  async exists(failoverId: string): Promise<boolean> {
    return (await this.prisma.failover.findUnique({ where: { id: failoverId }, select: { id: true } })) !== null;
  }

  async find(failoverId: string, cluster: string): Promise<ClusterImport | null> {
    const row = await this.prisma.import.findUnique({ where: { failoverId_cluster: { failoverId, cluster } } });
    return row && toImport(row);
  }

  /** Of each failover, in the order of the ids. */
  async listOf(failoverIds: readonly string[], filter: ImportFilter, sort: Sort<ImportSortField>, page: ListRequest): Promise<(Page<ClusterImport> | Error)[]> {
    const byCluster = { field: 'cluster', direction: sort.direction } as const;
    const pages = await sqlKeysetPages<ImportRow>(this.sql, {
      list: 'imports', owners: failoverIds, filterOf: (failoverId) => ({ failoverId, ...filter }), page,
      sort: sort.by === 'cluster' ? [byCluster] : [{ field: 'finishedAt', direction: sort.direction, nullable: true, column: 'finished_at' }, byCluster],
      columns: COLUMNS,
      from: `import WHERE failover_id = owner.id AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR outcome_code = $3) AND ($4::text IS NULL OR cluster ILIKE $4) AND ($5::bool IS NULL OR (${SURPRISING}) = $5)`,
      values: [filter.state ?? null, filter.outcomeCode ?? null, filter.cluster === undefined ? null : containing(filter.cluster), filter.surprising ?? null, EXPECTATIONS],
    });
    return shapedPages(pages, toImport);
  }
}

const COLUMNS = `
  failover_id AS "failoverId", cluster, origin, predicted_verdict AS "predictedVerdict", predicted_code AS "predictedCode", state, outcome_code AS "outcomeCode", message, supplied_api_url AS "suppliedApiUrl", account, attempts,
  next_attempt_at AS "nextAttemptAt", first_attempt_at AS "firstAttemptAt", finished_at AS "finishedAt"`;

const BACK = ['RECONNECTED', 'ALREADY_AVAILABLE'];

/** Ended, and not as foretold. What was foretold follows from verdict and code, by the rule that readiness uses. */
const SURPRISING = `outcome_code IS NOT NULL AND NOT EXISTS (
  SELECT FROM jsonb_to_recordset($6::jsonb) AS expected (verdict text, code text, outcomes jsonb)
  WHERE expected.verdict = predicted_verdict AND expected.code IS NOT DISTINCT FROM predicted_code AND expected.outcomes ? outcome_code)`;

const EXPECTATIONS = JSON.stringify(
  clusterVerdicts.flatMap((verdict) =>
    [null, ...clusterFindingCodes].flatMap((code) => {
      const outcome = predictedOutcomeOfCode(verdict, code);
      return outcome === null ? [] : [{ verdict, code, outcomes: BACK.includes(outcome) ? BACK : [outcome] }];
    }),
  ),
);

type ImportRow = Omit<Import, 'knownBefore'>;

function toImport(row: ImportRow): ClusterImport {
  const predictedVerdict = row.predictedVerdict as ClusterVerdict;
  return {
    failoverId: row.failoverId, cluster: row.cluster, origin: row.origin as ClusterOrigin, predictedVerdict, predictedCode: row.predictedCode,
    predictedOutcome: predictedOutcomeOfCode(predictedVerdict, row.predictedCode), state: row.state as ImportState, outcomeCode: row.outcomeCode as ImportOutcomeCode | null,
    message: row.message, suppliedApiUrl: row.suppliedApiUrl, account: row.account, attempts: row.attempts, nextAttemptAt: row.nextAttemptAt, firstAttemptAt: row.firstAttemptAt,
    finishedAt: row.finishedAt,
  };
}
