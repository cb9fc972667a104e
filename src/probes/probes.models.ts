import { z } from 'zod';
import { connectionType, listArguments } from '../api/connection.js';
import { inputType, mutationInput, objectType, payloadType } from '../api/graphql-from-zod.js';
import { pageOf } from '../api/paging.js';
import { acting, id, instant, orderedListQuery } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { deepStates, pathCodes, pathStates, type TargetPath } from './probes.types.js';

const state = named('PathState', pathStates, 'PROVEN: the target reaches the cluster’s API. REFUSED: it does not. UNKNOWN: no probe has told yet, or the last proof is too old');
const code = named('PathCode', pathCodes, 'What a probe met: see TARGET_PATH_REFUSED and TARGET_PATH_UNPROVEN');
const detail = z.string().describe('The evidence, in words');

const evidence = z.object({ code, detail, at: instant }).meta({ id: 'PathEvidence', description: 'What one attempt met' });

const deepCheck = z
  .object({
    state: named(
      'DeepCheckState', deepStates,
      'PASSED: the cluster takes the token, which may do what an import does. DENIED: it takes the token, which may not. REFUSED: it does not take the token. EMPTY: the Secret on the source hub holds none. UNREACHABLE: Lifeboat met nobody. UNKNOWN: nothing was learned',
    ),
    detail,
    account: z.string().nullable().describe('Whose token was tried'),
    refreshedAt: instant.nullable().describe('Which of its tokens: by its refresh'),
    checkedAt: instant.describe('When that was learned; of what was never learned: when it was last tried'),
    since: instant.nullable().describe('Since when the state is what it is'),
    lastAttempt: z.object({ detail, at: instant }).meta({ id: 'DeepCheckAttempt', description: 'A try that taught nothing' }).nullable().describe('The last try, where it taught nothing'),
  })
  .meta({ id: 'DeepCheck', description: 'What the cluster itself said of its token' });

export const pathView = z
  .object({
    planId: id,
    cluster: z.string(),
    state,
    code: code.nullable(),
    detail,
    checkedAt: instant.describe('When that was learned; of what was never learned: when it was last tried'),
    since: instant.nullable().describe('Since when the state is what it is'),
    apiUrl: z.string().nullable().describe('What was probed'),
    attempt: evidence.nullable().describe('The last attempt, whether or not it taught anything'),
    lifeboatPath: evidence.nullable().describe('From Lifeboat itself: evidence only, no verdict rests on it'),
    deepCheck: deepCheck.nullable().describe('null: the plan asks for none, or none was made yet'),
    dueAt: instant.nullable().describe('When it is probed next; null: when somebody asks'),
  })
  .meta({ id: 'TargetPath', description: 'The way from a plan’s target hub to the API server of one of the source’s clusters' });
export type PathView = z.infer<typeof pathView>;
export const pathPage = pageOf(pathView);

const toEvidence = (one: TargetPath['attempt']): z.infer<typeof evidence> | null => one && { code: one.code, detail: one.detail, at: iso(one.at) };

const toDeepCheck = (one: TargetPath['deepCheck']): z.infer<typeof deepCheck> | null =>
  one && {
    state: one.state, detail: one.detail, account: one.account, refreshedAt: isoOrNull(one.refreshedAt), checkedAt: iso(one.checkedAt), since: isoOrNull(one.since),
    lastAttempt: one.lastAttempt && { detail: one.lastAttempt.detail, at: iso(one.lastAttempt.at) },
  };

export const toPathView = (path: TargetPath): PathView => ({
  planId: path.planId,
  cluster: path.cluster,
  state: path.state,
  code: path.code,
  detail: path.detail,
  checkedAt: iso(path.checkedAt),
  since: isoOrNull(path.since),
  apiUrl: path.apiUrl,
  attempt: toEvidence(path.attempt),
  lifeboatPath: toEvidence(path.lifeboatPath),
  deepCheck: toDeepCheck(path.deepCheck),
  dueAt: isoOrNull(path.dueAt),
});

const cluster = z.string().trim().min(1).max(253);
const filter = { cluster: cluster.optional(), state: state.optional() };
export const pathQuery = orderedListQuery(filter);
const asked = { cluster: cluster.optional().describe('Absent: every cluster of the plan') };
export const probeBody = z.strictObject({ ...asked, ...acting });
export const probeAnswer = z.object({ ways: z.int().describe('How many ways are probed now') }).meta({ id: 'ProbesBegun' });
export type ProbeAnswer = z.infer<typeof probeAnswer>;

// ---- GraphQL

export const PathModel = objectType(pathView);
export const PathConnection = connectionType(PathModel);
export const pathArguments = listArguments('TargetPath', filter);
export const probePathsInput = z.strictObject({ planId: id, ...asked, ...acting, ...mutationInput });
export const ProbePathsInput = inputType('ProbePathsInput', probePathsInput);
export const ProbePathsPayload = payloadType('ProbePathsPayload', { probes: { type: objectType(probeAnswer) } });
