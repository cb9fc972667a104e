import { z } from 'zod';
import { argsType, objectType } from '../api/graphql-from-zod.js';
import { id, instant, instantIn } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { estimateBases, forecastAssumptions, type Forecast, type Objectives, type RecoveryPoint, type WhatIfAnswer } from './outlook.types.js';
import { codeCount, counts, findingView, setSummary, toCounts, toFindingView, toSetSummary, verdict } from './readiness.models.js';
import { clusterVerdict } from './verdict.models.js';

const score = { clustersRecoverable: z.int().describe('Clusters that would come back, of those that need a token'), clustersTotal: z.int() };
const setCoverage = z.int().describe('Clusters that need a token and have a valid one in the set');

// ---- Recovery points

const recoveryPointView = z
  .object({
    backupSet: setSummary,
    usability: named('RecoveryPointUsability', ['USABLE', 'PARTIALLY_FAILED']),
    ageSeconds: z.int().describe('Since its start'),
    counts,
    ...score,
    setCoverage,
    bringsBackMore: z.int().describe('Clusters that this set brings back and the newest does not'),
    leavesBehind: z.int().describe('Clusters that the newest set brings back and this one does not'),
    recommended: z.boolean().describe('By the plan\u2019s backup rule'),
    comparison: z.string().describe('In words, against the newest'),
  })
  .meta({ id: 'RecoveryPoint', description: 'A backup set that the target could restore now' });
type RecoveryPointView = z.infer<typeof recoveryPointView>;

export const recoveryPointsView = z.object({ items: z.array(recoveryPointView).describe('Newest first') }).meta({ id: 'RecoveryPoints' });

export const toRecoveryPointView = (point: RecoveryPoint): RecoveryPointView => ({
  backupSet: toSetSummary(point.backupSet),
  usability: point.usability,
  ageSeconds: point.ageSeconds,
  counts: toCounts(point.counts),
  clustersRecoverable: point.clustersRecoverable,
  clustersTotal: point.clustersTotal,
  setCoverage: point.setCoverage,
  bringsBackMore: point.bringsBackMore,
  leavesBehind: point.leavesBehind,
  recommended: point.recommended,
  comparison: point.comparison,
});

// ---- Forecast

const assumption = named('ForecastAssumption', forecastAssumptions);

const dropOutView = z
  .object({ cluster: z.string(), at: instant, code: z.string().describe('Of the finding that decides then'), cause: z.string() })
  .meta({ id: 'DropOut', description: 'When a cluster that would come back now would not any more' });

const dropOutCount = z.object({ code: z.string(), count: z.int() }).meta({ id: 'DropOutCount' });

export const forecastView = z
  .object({
    planId: id,
    assumption,
    ...score,
    within24Hours: z.int().describe('Clusters that drop out'),
    within7Days: z.int(),
    within30Days: z.int(),
    byCode: z.array(dropOutCount).describe('Of the drop-outs within the days asked for'),
    dropOuts: z.array(dropOutView).describe('Soonest first'),
    computedAt: instant,
  })
  .meta({ id: 'Forecast', description: 'When which clusters drop out if nothing changes, and why' });
export type ForecastView = z.infer<typeof forecastView>;

export const toForecastView = (forecast: Forecast): ForecastView => ({
  planId: forecast.planId,
  assumption: forecast.assumption,
  clustersRecoverable: forecast.clustersRecoverable,
  clustersTotal: forecast.clustersTotal,
  within24Hours: forecast.within24Hours,
  within7Days: forecast.within7Days,
  within30Days: forecast.within30Days,
  byCode: forecast.byCode.map(({ code, count }) => ({ code, count })),
  dropOuts: forecast.dropOuts.map(({ cluster, at, code, cause }) => ({ cluster, at: iso(at), code, cause })),
  computedAt: iso(forecast.computedAt),
});

// ---- Objectives

const rtoEstimateView = z
  .object({ seconds: z.int(), lowSeconds: z.int(), highSeconds: z.int(), basis: named('EstimateBasis', estimateBases), explanation: z.string() })
  .meta({ id: 'RtoEstimate', description: 'How long a recovery is likely to take, and by what' });

export const objectivesView = z
  .object({
    planId: id,
    verdict,
    rpoTargetSeconds: z.int(),
    rpoCurrentSeconds: z.int().nullable().describe('Age of the newest usable set as the target sees it; null: there is none'),
    rpoMet: z.boolean(),
    rtoTargetSeconds: z.int(),
    rtoEstimate: rtoEstimateView,
    rtoMet: z.boolean().describe('By the upper end of the estimate'),
    ...score,
    setCoverage,
    tokenHorizon: instant.nullable().describe('Until then every cluster that is recoverable now stays so, with nothing refreshed or backed up any more'),
    lastDrillAgeSeconds: z.int().nullable().describe('null: there was no drill that ended well'),
    factsAgeSeconds: z.int().nullable(),
    computedAt: instant,
  })
  .meta({ id: 'Objectives', description: 'How the plan stands against what it promises' });
export type ObjectivesView = z.infer<typeof objectivesView>;

export const toObjectivesView = (objectives: Objectives): ObjectivesView => ({
  planId: objectives.planId,
  verdict: objectives.verdict,
  rpoTargetSeconds: objectives.rpoTargetSeconds,
  rpoCurrentSeconds: objectives.rpoCurrentSeconds,
  rpoMet: objectives.rpoMet,
  rtoTargetSeconds: objectives.rtoTargetSeconds,
  rtoEstimate: { ...objectives.rtoEstimate },
  rtoMet: objectives.rtoMet,
  clustersRecoverable: objectives.clustersRecoverable,
  clustersTotal: objectives.clustersTotal,
  setCoverage: objectives.setCoverage,
  tokenHorizon: isoOrNull(objectives.tokenHorizon),
  lastDrillAgeSeconds: objectives.lastDrillAgeSeconds,
  factsAgeSeconds: objectives.factsAgeSeconds,
  computedAt: iso(objectives.computedAt),
});

// ---- What if

const differenceView = z
  .object({ cluster: z.string(), before: clusterVerdict, after: clusterVerdict, code: z.string().nullable().describe('Of the finding that decides then') })
  .meta({ id: 'ClusterDifference' });

export const whatIfView = z
  .object({
    planId: id,
    at: instant.describe('Moment of the restore'),
    sourceDiesAt: instant.nullable(),
    targetHubId: id,
    verdict,
    counts,
    ...score,
    byCode: z.array(codeCount),
    findings: z.array(findingView),
    backupSet: setSummary.nullable().describe('null: none, or one that would yet be made'),
    setStartedAt: instant.nullable().describe('Start of the set that would be restored'),
    rpoSeconds: z.int().nullable().describe('What would be lost, from the set\u2019s start to the source\u2019s end'),
    gained: z.int().describe('Clusters that would come back and do not as things are'),
    lost: z.int().describe('Clusters that come back as things are and would not'),
    differences: z.array(differenceView).describe('At most 100'),
    assumptions: z.array(z.string()),
  })
  .meta({ id: 'WhatIf', description: 'What a failover would bring in a world that is thought of' });
export type WhatIfView = z.infer<typeof whatIfView>;

export const toWhatIfView = (answer: WhatIfAnswer): WhatIfView => ({
  planId: answer.planId,
  at: iso(answer.at),
  sourceDiesAt: isoOrNull(answer.sourceDiesAt),
  targetHubId: answer.targetHubId,
  verdict: answer.verdict,
  counts: toCounts(answer.counts),
  clustersRecoverable: answer.clustersRecoverable,
  clustersTotal: answer.clustersTotal,
  byCode: answer.byCode.map(({ code, severity, verdict: of, count }) => ({ code, severity, verdict: of, count })),
  findings: answer.findings.map(toFindingView),
  backupSet: answer.backupSet && toSetSummary(answer.backupSet),
  setStartedAt: isoOrNull(answer.setStartedAt),
  rpoSeconds: answer.rpoSeconds,
  gained: answer.gained,
  lost: answer.lost,
  differences: answer.differences.map(({ cluster, before, after, code }) => ({ cluster, before, after, code })),
  assumptions: [...answer.assumptions],
});

// ---- Questions: the same for both doors, numbers as text in REST's query

const moment = instantIn.optional();

const whatIfFields = {
  targetHubId: id.optional().describe('Another hub in the target\u2019s place'),
  backupSetId: id.optional().describe('Another set than the plan\u2019s rule would choose'),
  sourceDiesAt: moment.describe('The source makes its last set before this; in the future its schedule runs on until then'),
  at: moment.describe('Moment of the restore; default: when the source dies, now at the earliest'),
  cron: z.string().trim().min(1).max(200).optional().describe('Of the schedule from now on'),
  policy: named('WhatIfPolicy', ['OBSERVE', 'PROTECT']).optional().describe('Of the source hub from now on'),
};
const YEARS_10 = 315_360_000;
const inSeconds = (what: string) => z.int().min(60).max(YEARS_10).optional().describe(what);
const inSecondsAsText = (what: string) => z.coerce.number().int().min(60).max(YEARS_10).optional().describe(what);
const VALIDITY = 'Of tokens from their next renewal on';
const TTL = 'Of sets from now on';

export const whatIfQuery = z.strictObject({
  ...whatIfFields,
  tokenValiditySeconds: inSecondsAsText(VALIDITY),
  backupTtlSeconds: inSecondsAsText(TTL),
});
export const whatIfArguments = z.strictObject({
  ...whatIfFields,
  tokenValiditySeconds: inSeconds(VALIDITY),
  backupTtlSeconds: inSeconds(TTL),
});

const MAX_DAYS = 400;
const assume = assumption.default('NO_MORE_BACKUPS').describe('What goes on until then');
export const forecastQuery = z.strictObject({
  assumption: assume,
  withinDays: z.coerce.number().int().min(1).max(MAX_DAYS).default(30).describe('Drop-outs that are told one by one'),
  first: z.coerce.number().int().min(0).max(1000).default(100).describe('How many of them'),
});
export const forecastArguments = z.strictObject({
  assumption: assume,
  withinDays: z.int().min(1).max(MAX_DAYS).default(30).describe('Drop-outs that are told one by one'),
  first: z.int().min(0).max(1000).default(100).describe('How many of them'),
});

export const recoveryPointsQuery = z.strictObject({ first: z.coerce.number().int().min(1).max(50).default(10).describe('The newest so many') });
export const recoveryPointsArguments = z.strictObject({ first: z.int().min(1).max(50).default(10).describe('The newest so many') });

// ---- GraphQL

export const RecoveryPointModel = objectType(recoveryPointView);
export const ForecastModel = objectType(forecastView);
export const ObjectivesModel = objectType(objectivesView);
export const WhatIfModel = objectType(whatIfView);
export const WhatIfArguments = argsType('WhatIfArguments', whatIfArguments);
export const ForecastArguments = argsType('ForecastArguments', forecastArguments);
export const RecoveryPointsArguments = argsType('RecoveryPointsArguments', recoveryPointsArguments);
