import { z } from 'zod';
import { objectType } from '../api/graphql-from-zod.js';
import { id, instant, instantIn } from '../api/schemas.js';
import { iso, isoOrNull, named } from '../api/view.js';
import { belief, evidenceKind } from '../backups/backups.models.js';
import { gapKinds, type SetEntry, type TimelineLife, type TokenGap, type TokenTimeline } from './token-timeline.types.js';
import { tokenAccounts } from './tokens.types.js';

const account = z.enum(tokenAccounts).describe('Name of the ManagedServiceAccount');

const setEntryView = z
  .object({
    setId: id,
    credentialsBackup: z.string(),
    startedAt: instant.describe('The moment that decides which token is inside'),
    setExpiresAt: instant.nullable(),
    account,
    belief,
    evidence: z.string(),
    evidenceKind,
    reason: z.string().nullable().describe('Why it is out'),
    expiresAt: instant.nullable().describe('Of the token inside'),
    hasTokenUntil: instant.nullable().describe('Until when the set brings back a valid token: the earlier of both expiries; null: it does not, or it is not known'),
  })
  .meta({ id: 'TimelineSet', description: 'What a backup set is held to contain of one of the cluster\u2019s tokens' });

const lifeView = z
  .object({
    id,
    account,
    secretUid: z.string(),
    issuedAt: instant,
    expiresAt: instant.nullable(),
    seenAt: instant.describe('When Lifeboat first saw it'),
    labelledAt: instant.nullable().describe('Since when its Secret carried a backup label; null: not yet'),
    endedAt: instant.nullable().describe('When the next one took its place, or its Secret went'),
    unlabelledSeconds: z.int().describe('For how long of its life Velero would have left it out'),
    refreshDueAt: instant.nullable().describe('When the agent was to renew it: at 4/5 of its granted life'),
    nextIssuedAt: instant.nullable().describe('When the account\u2019s next token was issued'),
    refreshLateSeconds: z.int().nullable().describe('How long after it was due the next one came, or has not come yet; null: in time, or not to be renewed any more'),
    refreshMissed: z.boolean().describe('So late that it counts as missed'),
    sets: z.array(setEntryView).describe('The backup sets that hold it'),
  })
  .meta({ id: 'TimelineLife', description: 'One life of a token of the cluster' });

const gapView = z
  .object({ kind: named('TokenGapKind', gapKinds, 'NO_TOKEN: the hub held no valid token of the cluster. UNKNOWN: it held one whose expiry nobody told'), from: instant, to: instant.nullable().describe('null: it has not ended') })
  .meta({ id: 'TokenGap', description: 'A time in which no token of the cluster is known to have been valid' });

export const timelineView = z
  .object({
    clusterId: id,
    hubId: id,
    cluster: z.string(),
    from: instant,
    to: instant,
    isComplete: z.boolean().describe('false: there was more in this time than is told; ask for less of it'),
    lives: z.array(lifeView).describe('Newest first'),
    setsWithout: z.array(setEntryView).describe('Sets that hold none of these lives, with why; newest first'),
    gaps: z.array(gapView).describe('In order of time, from the first life that is known'),
  })
  .meta({ id: 'TokenTimeline', description: 'What became of a cluster\u2019s tokens in a span of time. Never a token itself' });
export type TimelineView = z.infer<typeof timelineView>;

const isInside = ({ belief: held }: SetEntry): boolean => held === 'VERIFIED_IN' || held === 'INFERRED_IN';

const toSetView = (entry: SetEntry): z.infer<typeof setEntryView> => ({
  setId: entry.setId,
  credentialsBackup: entry.credentialsBackup,
  startedAt: iso(entry.startedAt),
  setExpiresAt: isoOrNull(entry.setExpiresAt),
  account: entry.account,
  belief: entry.belief,
  evidence: entry.evidence,
  evidenceKind: entry.evidenceKind,
  reason: entry.reason,
  expiresAt: isoOrNull(entry.expiresAt),
  hasTokenUntil: isInside(entry) && entry.expiresAt !== null ? iso(entry.setExpiresAt !== null && entry.setExpiresAt < entry.expiresAt ? entry.setExpiresAt : entry.expiresAt) : null,
});

const seconds = (ms: number): number => Math.round(ms / 1000);

const toLifeView = (life: TimelineLife): z.infer<typeof lifeView> => ({
  id: life.id,
  account: life.account,
  secretUid: life.secretUid,
  issuedAt: iso(life.issuedAt),
  expiresAt: isoOrNull(life.expiresAt),
  seenAt: iso(life.seenAt),
  labelledAt: isoOrNull(life.labelledAt),
  endedAt: isoOrNull(life.endedAt),
  unlabelledSeconds: seconds(life.unlabelledMs),
  refreshDueAt: isoOrNull(life.refreshDueAt),
  nextIssuedAt: isoOrNull(life.nextIssuedAt),
  refreshLateSeconds: life.refreshLateMs === null ? null : seconds(life.refreshLateMs),
  refreshMissed: life.refreshMissed,
  sets: life.sets.map(toSetView),
});

const toGapView = ({ kind, from, to }: TokenGap): z.infer<typeof gapView> => ({ kind, from: iso(from), to: isoOrNull(to) });

export const toTimelineView = (timeline: TokenTimeline): TimelineView => ({
  clusterId: timeline.clusterId,
  hubId: timeline.hubId,
  cluster: timeline.cluster,
  from: iso(timeline.from),
  to: iso(timeline.to),
  isComplete: timeline.isComplete,
  lives: timeline.lives.map(toLifeView),
  setsWithout: timeline.setsWithout.map(toSetView),
  gaps: timeline.gaps.map(toGapView),
});

export const timelineQuery = z.strictObject({
  from: instantIn.optional().describe('Absent: thirty days before `to`'),
  to: instantIn.optional().describe('Absent: now'),
});

// ---- GraphQL

export const TimelineModel = objectType(timelineView);
