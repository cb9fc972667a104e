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
const open: OpenIncarnation = { secretUid: 's1', refreshedAt: at('10:00:00'), expiresAt: expiry, labelledAt: at('10:00:05'), seenAt: at('10:00:03') };

test.each([
  { because: 'nothing was and nothing is', open: null, secret: null, life: life(null, null), step: { type: 'KEEP' } },
  { because: 'the Secret is gone', open, secret: null, life: life(null, null), step: { type: 'END', endedAt: now } },
  { because: 'the same life, as known', open, secret: secret(), life: life('10:00:00'), step: { type: 'KEEP' } },
  {
    because: 'a Secret begins a life with its creation, before the agent has told the refresh',
    open: null,
    secret: secret({ backupLabel: null }),
    life: life(null, null),
    step: { type: 'BEGIN', refreshedAt: at('10:00:00'), expiresAt: null, labelledAt: null, endedAt: at('10:00:00') },
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
    step: { type: 'BEGIN', refreshedAt: at('10:00:00'), expiresAt: null, labelledAt: at('10:00:05'), endedAt: at('10:00:00') },
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
    life: life('11:00:00', at('23:30:00')),
    step: { type: 'BEGIN', refreshedAt: at('11:00:00'), expiresAt: at('23:30:00'), labelledAt: at('11:00:00'), endedAt: at('11:00:00') },
  },
  {
    because: 'another Secret is another life',
    open,
    secret: secret({ createdAt: at('11:00:00').toISOString(), labelWrittenAt: at('11:00:01').toISOString() }, 's2'),
    life: life('11:00:00'),
    step: { type: 'BEGIN', refreshedAt: at('11:00:00'), expiresAt: expiry, labelledAt: at('11:00:01'), endedAt: at('11:00:00') },
  },
  {
    because: 'a restored Secret tells by its annotations of the life that it had elsewhere',
    open: null,
    secret: secret({ restoredFrom: 'acm-credentials-schedule-1', createdAt: at('11:00:00').toISOString(), labelWrittenAt: at('11:00:00').toISOString() }),
    life: life('08:00:00'),
    step: { type: 'BEGIN', refreshedAt: at('08:00:00'), expiresAt: expiry, labelledAt: at('11:00:00'), endedAt: at('11:00:00') },
  },
])('$step.type: $because', ({ open: before, secret: present, life: told, step }) => {
  expect(incarnationStep(before, present, told, now)).toEqual(step);
});
