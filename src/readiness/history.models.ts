import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { argsType, objectType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { id, instant, instantIn, orderedListQuery } from '../api/schemas.js';
import { iso, isoOrNull } from '../api/view.js';
import type { ChangeGroup, ReadinessAsOf, ReadinessPoint, VerdictChange } from './history.types.js';
import { counts, toCounts, verdict } from './readiness.models.js';
import { clusterVerdict } from './verdict.models.js';

const score = { clustersRecoverable: z.int().describe('Clusters that would come back, of those that need a token'), clustersTotal: z.int() };

const pointView = z
  .object({
    hour: instant.describe('Its beginning'),
    verdict: verdict.describe('The last of the hour'),
    worstVerdict: verdict,
    counts,
    ...score,
    fewestRecoverable: z.int().describe('Of the hour'),
    computedAt: instant,
  })
  .meta({ id: 'ReadinessPoint', description: 'One hour of a plan' });

export const pointsView = z.object({ items: z.array(pointView).describe('Oldest first; hours in which nothing was computed have none') }).meta({ id: 'ReadinessPoints' });

export const toPointView = (point: ReadinessPoint): z.infer<typeof pointView> => ({
  hour: iso(point.hour),
  verdict: point.verdict,
  worstVerdict: point.worstVerdict,
  counts: toCounts(point.counts),
  clustersRecoverable: point.clustersRecoverable,
  clustersTotal: point.clustersTotal,
  fewestRecoverable: point.fewestRecoverable,
  computedAt: iso(point.computedAt),
});

const changeView = z
  .object({
    id: z.string(),
    cluster: z.string().nullable().describe('null: the plan itself'),
    at: instant,
    from: clusterVerdict.nullable().describe('null: the first verdict'),
    to: clusterVerdict.nullable().describe('null: the cluster is gone'),
    fromCode: z.string().nullable(),
    toCode: z.string().nullable().describe('Of the finding that decides'),
    cause: z.string().nullable(),
  })
  .meta({ id: 'VerdictChange', description: 'A verdict that became another' });
export type VerdictChangeView = z.infer<typeof changeView>;
export const verdictChangePage = pageOf(changeView);

export const toVerdictChangeView = (change: VerdictChange): VerdictChangeView => ({
  id: String(change.id),
  cluster: change.cluster,
  at: iso(change.at),
  from: change.from,
  to: change.to,
  fromCode: change.fromCode,
  toCode: change.toCode,
  cause: change.cause,
});

const groupView = z
  .object({
    from: clusterVerdict,
    to: clusterVerdict,
    code: z.string().nullable().describe('Of the finding that decides now'),
    count: z.int(),
    firstAt: instant,
    lastAt: instant,
    clusters: z.array(z.string()).describe('Some of them, at most 5'),
    cause: z.string().nullable().describe('Of one of them'),
  })
  .meta({ id: 'VerdictChangeGroup', description: 'Clusters whose verdict is another than it was, by what became of them' });

export const groupsView = z.object({ items: z.array(groupView).describe('Most clusters first') }).meta({ id: 'VerdictChangeGroups' });

export const toGroupView = (group: ChangeGroup): z.infer<typeof groupView> => ({
  from: group.from,
  to: group.to,
  code: group.code,
  count: group.count,
  firstAt: iso(group.firstAt),
  lastAt: iso(group.lastAt),
  clusters: [...group.clusters],
  cause: group.cause,
});

const codeAsOf = z.object({ verdict: clusterVerdict, code: z.string().nullable(), count: z.int() }).meta({ id: 'VerdictCodeCount' });

export const asOfView = z
  .object({
    planId: id,
    asOf: instant,
    verdict: verdict.nullable().describe('null: none had been computed by then'),
    since: instant.nullable(),
    code: z.string().nullable(),
    cause: z.string().nullable(),
    counts,
    ...score,
    byCode: z.array(codeAsOf).describe('Clusters that would not have come back surely, most first'),
  })
  .meta({ id: 'ReadinessAsOf', description: 'What the verdicts were at a moment in the past' });

export const toAsOfView = (answer: ReadinessAsOf): z.infer<typeof asOfView> => ({
  planId: answer.planId,
  asOf: iso(answer.asOf),
  verdict: answer.verdict,
  since: isoOrNull(answer.since),
  code: answer.code,
  cause: answer.cause,
  counts: toCounts(answer.counts),
  clustersRecoverable: answer.clustersRecoverable,
  clustersTotal: answer.clustersTotal,
  byCode: answer.byCode.map(({ verdict: of, code, count }) => ({ verdict: of, code, count })),
});

const changeFilter = {
  cluster: z.string().trim().min(1).max(253).optional().describe('Exact name; absent: the plan\u2019s own changes too'),
  since: instantIn.optional(),
  to: clusterVerdict.optional().describe('What the verdict became'),
  code: z.string().trim().min(1).max(100).optional().describe('Of the finding that decided then'),
};
export const verdictChangeQuery = orderedListQuery(changeFilter);
export const hoursQuery = z.strictObject({ from: instantIn.optional().describe('Default: a week before `to`'), to: instantIn.optional().describe('Default: now') });
export const sinceQuery = z.strictObject({ since: instantIn });
export const asOfQuery = z.strictObject({ at: instantIn });

// ---- GraphQL

export const PointModel = objectType(pointView);
export const GroupModel = objectType(groupView);
export const AsOfModel = objectType(asOfView);
export const VerdictChangeConnection = connectionType(objectType(changeView));
export const verdictChangeArguments = listArguments('VerdictChange', changeFilter);
export const HoursArguments = argsType('ReadinessHistoryArguments', hoursQuery);
export const SinceArguments = argsType('VerdictChangeGroupsArguments', sinceQuery);
export const AsOfArguments = argsType('ReadinessAsOfArguments', asOfQuery);
