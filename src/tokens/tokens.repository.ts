import { Injectable } from '@nestjs/common';
import type { ListRequest, Page, Sort } from '../common/paging.js';
import { Prisma, type AutoImportToken as TokenRow } from '../database/generated/client.js';
import { sqlKeysetPage } from '../database/keyset.js';
import { containing } from '../database/like.js';
import { PrismaService } from '../database/prisma.service.js';
import { Sql } from '../database/sql.js';
import type {
  AutoImportToken, TokenAccount, TokenFilter, TokenIncarnation, TokenProblemCode, TokenProblemFilter, TokenProblemGroup, TokenSortField, TokenTotals,
} from './tokens.types.js';

export type TokenKey = Pick<AutoImportToken, 'hubId' | 'cluster' | 'account'>;

const MAX_INCARNATIONS = 100;
/** Clusters named for each problem. */
const EXAMPLES = 5;

const toToken = (row: TokenRow): AutoImportToken => ({ ...row, account: row.account as TokenAccount, problemCode: row.problemCode as TokenProblemCode | null });

const COLUMN = { cluster: 'token.cluster', expiresAt: 'token.expires_at', problemSince: 'token.problem_since' } as const satisfies Record<TokenSortField, string>;
const snakeCased = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const COLUMNS = Object.values(Prisma.AutoImportTokenScalarFieldEnum).map((field) => `token.${snakeCased(field)} AS "${field}"`).join(', ');

interface TotalsRow {
  readonly code: TokenProblemCode | null;
  readonly total: number;
  readonly selected: number;
  readonly expired: number;
  readonly day: number;
  readonly week: number;
}

/** LIKE reads % and _ as wildcards. */

/** A condition on `token`, and its parameters from $1 on. */
function matching(filter: TokenFilter): { where: string; values: unknown[] } {
  const { hubId, cluster, clusterSet, problemCode, hasProblem, expiresBefore, inBackupSelection } = filter;
  const values: unknown[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    ...(hubId === undefined ? [] : [`token.hub_id = ${parameter(hubId)}`]),
    ...(cluster === undefined ? [] : [`token.cluster ILIKE ${parameter(containing(cluster))}`]),
    ...(clusterSet === undefined ? [] : [`(token.hub_id, token.cluster) IN (SELECT hub_id, name FROM managed_cluster WHERE cluster_set = ${parameter(clusterSet)})`]),
    ...(problemCode === undefined ? [] : [`token.problem_code = ${parameter(problemCode)}`]),
    ...(hasProblem === undefined ? [] : [`token.problem_code IS ${hasProblem ? 'NOT ' : ''}NULL`]),
    ...(expiresBefore === undefined ? [] : [`token.expires_at < ${parameter(expiresBefore)}`]),
    ...(inBackupSelection === undefined ? [] : [`token.in_backup_selection = ${parameter(inBackupSelection)}`]),
  ];
  return { where: conditions.length === 0 ? 'TRUE' : conditions.join(' AND '), values };
}

/** The inventory as others read it; its writer is TokenInventoryRepository. */
@Injectable()
export class TokensRepository {
  constructor(private readonly prisma: PrismaService, private readonly sql: Sql) {}

  list(filter: TokenFilter, sort: Sort<TokenSortField>, page: ListRequest): Promise<Page<AutoImportToken>> {
    const { where, values } = matching(filter);
    return sqlKeysetPage<AutoImportToken>({
      list: 'tokens',
      filter,
      sort: [{ field: sort.by, column: COLUMN[sort.by], direction: sort.direction, nullable: sort.by !== 'cluster' }, { field: 'id', column: 'token.id', direction: 'ASC' }],
      page,
      firstParameter: values.length + 1,
      find: async (keyset) => {
        const all = [...values, ...keyset.values, keyset.limit];
        const rows = await this.sql.query<TokenRow>(`SELECT ${COLUMNS} FROM auto_import_token AS token WHERE ${where} AND ${keyset.where} ORDER BY ${keyset.orderBy} LIMIT $${all.length}`, all);
        return rows.map(toToken);
      },
      count: async () => (await this.sql.query<{ count: number }>(`SELECT count(*)::int FROM auto_import_token AS token WHERE ${where}`, values))[0]?.count ?? 0,
    });
  }

  /** In one look at the table. */
  async totals(filter: TokenFilter, now: Date): Promise<TokenTotals> {
    const { where, values } = matching(filter);
    const at = `$${values.length + 1}::timestamptz`;
    const groups = await this.sql.query<TotalsRow>(
      `SELECT problem_code AS code, count(*)::int AS total, count(*) FILTER (WHERE in_backup_selection)::int AS selected, count(*) FILTER (WHERE expires_at <= ${at})::int AS expired,
         count(*) FILTER (WHERE expires_at > ${at} AND expires_at <= ${at} + interval '24 hours')::int AS day, count(*) FILTER (WHERE expires_at > ${at} AND expires_at <= ${at} + interval '7 days')::int AS week
       FROM auto_import_token AS token WHERE ${where} GROUP BY problem_code ORDER BY problem_code`,
      [...values, now],
    );
    const sum = (field: 'total' | 'selected' | 'expired' | 'day' | 'week', of = groups): number => of.reduce((total, group) => total + group[field], 0);
    return {
      total: sum('total'),
      withProblem: sum('total', groups.filter(({ code }) => code !== null)),
      byProblemCode: Object.fromEntries(groups.flatMap(({ code, total }) => (code === null ? [] : [[code, total]]))),
      expired: sum('expired'),
      expiringWithin24Hours: sum('day'),
      expiringWithin7Days: sum('week'),
      inBackupSelection: sum('selected'),
    };
  }

  /** By hub and code; which matter most is not the table's to say. */
  async problems({ hubId, clusterSet, code }: TokenProblemFilter): Promise<Omit<TokenProblemGroup, 'severity'>[]> {
    const { where, values } = matching({ hubId, clusterSet, problemCode: code, hasProblem: true });
    const groups = await this.sql.query<Omit<TokenProblemGroup, 'severity'>>(
      `SELECT hub_id AS "hubId", problem_code AS code, count(*)::int AS tokens, count(DISTINCT cluster)::int AS clusters, min(problem_since) AS "oldestSince",
         array_agg(cluster ORDER BY problem_since, cluster) FILTER (WHERE place <= ${EXAMPLES}) AS "exampleClusters"
       FROM (SELECT token.*, dense_rank() OVER (PARTITION BY hub_id, problem_code ORDER BY problem_since, cluster) AS place FROM auto_import_token AS token WHERE ${where}) AS token
       GROUP BY hub_id, problem_code`,
      values,
    );
    return groups.map((group) => ({ ...group, exampleClusters: [...new Set(group.exampleClusters)] }));
  }

  async find(id: string): Promise<AutoImportToken | null> {
    const row = await this.prisma.autoImportToken.findUnique({ where: { id } });
    return row === null ? null : toToken(row);
  }

  /** @param namesByHub names of clusters, by hub */
  async ofClusters(namesByHub: ReadonlyMap<string, readonly string[]>): Promise<AutoImportToken[]> {
    const keys = [...namesByHub].flatMap(([hubId, names]) => names.map((name) => ({ hubId, name })));
    const rows = await this.sql.query<TokenRow>(
      `SELECT ${COLUMNS} FROM auto_import_token AS token WHERE (hub_id, cluster) IN (SELECT * FROM unnest($1::uuid[], $2::text[])) ORDER BY cluster, account`,
      [keys.map(({ hubId }) => hubId), keys.map(({ name }) => name)]);
    return rows.map(toToken);
  }

  /** Of each token in turn, newest first. */
  async incarnations(tokens: readonly TokenKey[]): Promise<TokenIncarnation[][]> {
    const rows = await this.sql.query<TokenIncarnation & { place: bigint }>(
      `SELECT place, life.* FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS token (hub_id, cluster, account, place), LATERAL (
         SELECT id, secret_uid AS "secretUid", refreshed_at AS "refreshedAt", expires_at AS "expiresAt", seen_at AS "seenAt", labelled_at AS "labelledAt", ended_at AS "endedAt"
         FROM token_incarnation AS life WHERE life.hub_id = token.hub_id AND life.cluster = token.cluster AND life.account = token.account ORDER BY refreshed_at DESC, id DESC LIMIT ${MAX_INCARNATIONS}) AS life
       ORDER BY place, "refreshedAt" DESC, id DESC`, [tokens.map(({ hubId }) => hubId), tokens.map(({ cluster }) => cluster), tokens.map(({ account }) => account)]);
    const byPlace = Map.groupBy(rows, ({ place }) => Number(place));
    return tokens.map((_, index) => (byPlace.get(index + 1) ?? []).map(({ place: _its, ...life }) => life));
  }
}
