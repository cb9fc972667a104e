import type { TokenSecretFacts } from '../fleet/facts.types.js';
import { incarnationStep, type OpenIncarnation } from './token-incarnation.rules.js';
import type { TokenLife } from './token-life.rules.js';

const at = (time: string): Date => new Date(`2026-11-24T${time}Z`);
const now = at('12:00:00.500');
const expiry = at('23:00:00');

const secret = (change: Partial<TokenSecretFacts> = {}, uid = 's1') => ({
  uid,
  resourceVersion: '1',
  facts: {
    createdAt: at('10:00:00').toISOString(), deleting: false, backupLabel: 'msa', hiveLabel: null, typeLabel: null, expiresAt: null, expiryUnreadable: false,
    refreshedAt: null, accountUid: 'a1', restoredFrom: null, labelWrittenAt: at('10:00:05').toISOString(), labelWrittenBy: null, tokenWrittenAt: null, ...change,
  } satisfies TokenSecretFacts,
});
const life = (refreshedAt: string | null, expiresAt: Date | null = expiry): TokenLife => ({ refreshedAt: refreshedAt === null ? null : at(refreshedAt), expiresAt });
const open: OpenIncarnation = { secretUid: 's1', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: at('10:00:05'), seenAt: at('10:00:03'), validitySeconds: 46_800, earlyRefreshAt: null };

test.each([
  { because: 'nothing was and nothing is', open: null, secret: null, life: life(null, null), step: { type: 'KEEP' } },
  { because: 'the Secret is gone', open, secret: null, life: life(null, null), step: { type: 'END', endedAt: now } },
  { because: 'the same life, as known', open, secret: secret(), life: life('10:00:00'), step: { type: 'KEEP' } },
  {
    because: 'a Secret begins a life with its creation, before the agent has told the refresh',
    open: null,
    secret: secret({ backupLabel: null }),
    life: life(null, null),
    step: { type: 'BEGIN', refreshedAt: at('10:00:00'), expiresAt: null, labelledAt: null, endedAt: at('10:00:00'), earlyRefreshAt: null },
  },
  {
    because: 'the true refresh is learnt afterwards, without a new life',
    open: { ...open, expiresAt: null },
    secret: secret(),
    life: life('10:00:02'),
    step: { type: 'LEARN', refreshedAt: at('10:00:02'), expiresAt: expiry, labelledAt: at('10:00:05') },
  },
  {
    because: 'the status may still tell of the Secret before',
    open: null,
    secret: secret(),
    life: life('08:00:00'),
    step: { type: 'BEGIN', refreshedAt: at('10:00:00'), expiresAt: null, labelledAt: at('10:00:05'), endedAt: at('10:00:00'), earlyRefreshAt: null },
  },
  {
    because: 'a label that the hub dates before we saw the Secret without it came after that',
    open: { ...open, labelledAt: null, seenAt: at('10:00:30') },
    secret: secret(),
    life: life('10:00:00'),
    step: { type: 'LEARN', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: at('10:00:30') },
  },
  {
    because: 'the label is noted by the hub\u2019s clock',
    open: { ...open, labelledAt: null },
    secret: secret(),
    life: life('10:00:00'),
    step: { type: 'LEARN', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: at('10:00:05') },
  },
  {
    because: 'a label of which the hub tells no time is there since now',
    open: { ...open, labelledAt: null },
    secret: secret({ labelWrittenAt: null }),
    life: life('10:00:00'),
    step: { type: 'LEARN', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: now },
  },
  { because: 'a later write of the same manager does not make the label younger', open, secret: secret({ labelWrittenAt: at('11:00:00').toISOString() }), life: life('10:00:00'), step: { type: 'KEEP' } },
  {
    because: 'a label that was taken off is not there',
    open,
    secret: secret({ backupLabel: null }),
    life: life('10:00:00'),
    step: { type: 'LEARN', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: null },
  },
  {
    because: 'a refresh begins a new life in the same Secret; the label outlives it',
    open,
    secret: secret(),
    life: life('20:30:00', at('23:30:00')),
    step: { type: 'BEGIN', refreshedAt: at('20:30:00'), expiresAt: at('23:30:00'), labelledAt: at('20:30:00'), endedAt: at('20:30:00'), earlyRefreshAt: null },
  },
  {
    because: 'another Secret is another life',
    open,
    secret: secret({ createdAt: at('11:00:00').toISOString(), labelWrittenAt: at('11:00:01').toISOString() }, 's2'),
    life: life('11:00:00'),
    step: { type: 'BEGIN', refreshedAt: at('11:00:00'), expiresAt: expiry, labelledAt: at('11:00:01'), endedAt: at('11:00:00'), earlyRefreshAt: null },
  },
  {
    because: 'a restored Secret tells by its annotations of the life that it had elsewhere',
    open: null,
    secret: secret({ restoredFrom: 'acm-credentials-schedule-1', createdAt: at('11:00:00').toISOString(), labelWrittenAt: at('11:00:00').toISOString() }),
    life: life('08:00:00'),
    step: { type: 'BEGIN', refreshedAt: at('08:00:00'), expiresAt: expiry, labelledAt: at('11:00:00'), endedAt: at('11:00:00'), earlyRefreshAt: null },
  },
])('$step.type: $because', ({ open: before, secret: present, life: told, step }) => {
  expect(incarnationStep(before, present, told, 46_800, now)).toEqual(step);
});

test.each<{ because: string; open?: Partial<OpenIncarnation>; uid?: string; at: string; validity?: number; early: string | null }>([
  { because: 'after 80 % of its life a token is due', at: '20:24:00', early: null },
  { because: 'clocks differ', at: '20:23:30', early: null },
  { because: 'before that the agent replaces only what the cluster refuses', at: '20:22:00', early: '20:22:00' },
  { because: 'so it does soon after a token was made', at: '10:00:30', early: '10:00:30' },
  { because: 'old agents replace their tokens all the time', at: '10:00:29', early: null },
  { because: 'another Secret was asked for, not another token', at: '11:00:00', uid: 's2', early: null },
  { because: 'the life that was asked for is another one now, and with it what is due', at: '11:00:00', validity: 3_600, early: null },
  { because: 'when the one before ended was never told', at: '11:00:00', open: { expiresAt: null }, early: null },
  { because: 'a token that a restore brought is replaced by the agent of the new hub', at: '11:00:00', open: { refreshedAt: at('09:00:00') }, early: null },
  { because: 'what was seen once stays', at: '21:00:00', open: { earlyRefreshAt: at('09:00:00') }, early: '09:00:00' },
  { because: 'the last time counts', at: '11:00:00', open: { earlyRefreshAt: at('09:00:00') }, early: '11:00:00' },
])('a token replaced at $at: early $early: $because', ({ open: change = {}, uid, at: time, validity = 46_800, early }) => {
  const step = incarnationStep({ ...open, ...change }, secret({}, uid), life(time, at('23:59:00')), validity, now);
  expect(step.type === 'BEGIN' ? step.earlyRefreshAt : (change.earlyRefreshAt ?? null)).toEqual(early === null ? null : at(early));
});
