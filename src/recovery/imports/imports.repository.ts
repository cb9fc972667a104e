import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../../common/paging.js';
import type { Import, Prisma } from '../../database/generated/client.js';
import { keysetPage } from '../../database/keyset.js';
import { PrismaService } from '../../database/prisma.service.js';
import type { ClusterOrigin } from '../../fleet/fleet.types.js';
import { predictedOutcomeOfCode } from '../../readiness/cluster-verdict.rules.js';
import { clusterVerdicts, clusterFindingCodes, type ClusterVerdict } from '../../readiness/readiness.types.js';
import type { ClusterImport, ImportFilter, ImportOutcomeCode, ImportSortField, ImportState } from './imports.types.js';

/** Reads imports; the failover machine writes them, in the transactions of its steps. */
@Injectable()
export class ImportsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async exists(failoverId: string): Promise<boolean> {
    return (await this.prisma.failover.findUnique({ where: { id: failoverId }, select: { id: true } })) !== null;
  }

  async find(failoverId: string, cluster: string): Promise<ClusterImport | null> {
    const row = await this.prisma.import.findUnique({ where: { failoverId_cluster: { failoverId, cluster } } });
    return row && toImport(row);
  }

  async list(failoverId: string, filter: ImportFilter, sort: Sort<ImportSortField>, page: ListRequest): Promise<Page<ClusterImport>> {
    const own: Prisma.ImportWhereInput = {
      failoverId, state: filter.state, outcomeCode: filter.outcomeCode,
      ...(filter.cluster === undefined ? {} : { cluster: { contains: filter.cluster, mode: 'insensitive' as const } }),
      ...(filter.surprising === undefined ? {} : filter.surprising ? surprising : { NOT: surprising }),
    };
    const byCluster = { field: 'cluster', direction: sort.direction } as const;
    const found = await keysetPage<Import, Prisma.ImportWhereInput, Prisma.ImportOrderByWithRelationInput>({
      list: 'imports',
      filter: { failoverId, ...filter },
      sort: sort.by === 'cluster' ? [byCluster] : [{ field: 'finishedAt', direction: sort.direction, nullable: true }, byCluster],
      page,
      find: (keyset) => this.prisma.import.findMany({ where: { AND: [own, keyset.where] }, orderBy: keyset.orderBy, take: keyset.take }),
      count: () => this.prisma.import.count({ where: own }),
    });
    return { ...found, items: found.items.map(toImport) };
  }
}

const BACK = ['RECONNECTED', 'ALREADY_AVAILABLE'];

/** Ended, and not as foretold. What was foretold follows from verdict and code, by the rule that readiness uses. */
const surprising: Prisma.ImportWhereInput = { outcomeCode: { not: null }, NOT: { OR: expectations() } };

function expectations(): Prisma.ImportWhereInput[] {
  return clusterVerdicts.flatMap((predictedVerdict) =>
    [null, ...clusterFindingCodes].flatMap((predictedCode) => {
      const outcome = predictedOutcomeOfCode(predictedVerdict, predictedCode);
      if (outcome === null) return [];
      return [{ predictedVerdict, predictedCode, outcomeCode: BACK.includes(outcome) ? { in: BACK } : outcome }];
    }),
  );
}

function toImport(row: Import): ClusterImport {
  const predictedVerdict = row.predictedVerdict as ClusterVerdict;
  return {
    failoverId: row.failoverId, cluster: row.cluster, origin: row.origin as ClusterOrigin, predictedVerdict, predictedCode: row.predictedCode,
    predictedOutcome: predictedOutcomeOfCode(predictedVerdict, row.predictedCode), state: row.state as ImportState, outcomeCode: row.outcomeCode as ImportOutcomeCode | null,
    message: row.message, suppliedApiUrl: row.suppliedApiUrl, account: row.account, attempts: row.attempts, nextAttemptAt: row.nextAttemptAt, firstAttemptAt: row.firstAttemptAt,
    finishedAt: row.finishedAt,
  };
}
