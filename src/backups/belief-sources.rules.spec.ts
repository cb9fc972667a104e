import { inferCluster, settledCluster, settledToken, type ClusterSources, type InferredSource, type ListedSource, type SyncedSource, type TokenSources } from './belief-sources.rules.js';

const soon = '2026-11-25T00:00:00.000Z';
const late = '2026-11-26T00:00:00.000Z';
const inferred = (change: Partial<InferredSource> = {}): InferredSource => ({ belief: 'INFERRED_IN', reason: null, expiresAt: late, refreshedAt: '2026-11-24T00:00:00.000Z', expiryDoubt: null, evidence: 'seen', ...change });
const listed = (isIn: boolean): ListedSource => ({ isIn, hubId: 'h1', hubName: 'west', backup: 'b1' });
const synced = (expiresAt: string | null): SyncedSource => ({ hubId: 'h2', backup: 'b1', expiresAt, refreshedAt: '2026-11-24T00:00:00.000Z' });
const missing = inferred({ belief: 'INFERRED_OUT', reason: 'SECRET_MISSING', expiresAt: null, refreshedAt: null, evidence: 'there was none' });
const unlabelled = inferred({ belief: 'INFERRED_OUT', reason: 'SECRET_UNLABELLED', evidence: 'no label' });
const tooLate = inferred({ belief: 'INFERRED_OUT', reason: 'LABELLED_AFTER_START', evidence: 'labelled after' });
const gap = inferred({ belief: 'UNKNOWN', expiresAt: null, refreshedAt: null, evidence: 'a gap' });

test.each([
  { because: 'nobody has said anything', sources: {}, belief: 'UNKNOWN', kind: 'NONE', expiresAt: null, told: false },
  { because: 'only we have seen it', sources: { inferred: inferred() }, belief: 'INFERRED_IN', kind: 'LABEL_AT_START', expiresAt: late, told: false },
  { because: 'only we have seen that there was none', sources: { inferred: missing }, belief: 'INFERRED_OUT', kind: 'LABEL_AT_START', expiresAt: null, told: false },
  { because: 'the expiry of a token that is out is nobody\u2019s', sources: { inferred: unlabelled }, belief: 'INFERRED_OUT', kind: 'LABEL_AT_START', expiresAt: null, told: false },
  { because: 'we did not see', sources: { inferred: gap }, belief: 'UNKNOWN', kind: 'NONE', expiresAt: null, told: false },
  { because: 'the record lists it, the expiry is the token\u2019s at the start', sources: { inferred: inferred(), listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: late, told: false },
  { because: 'the record does not say when it expires', sources: { listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: null, told: false },
  { because: 'presence is proven where we had a gap', sources: { inferred: gap, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: null, told: false },
  { because: 'the label came just in time', sources: { inferred: tooLate, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: late, told: false },
  { because: 'we had seen none: told, and no expiry is made up', sources: { inferred: missing, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: null, told: true },
  { because: 'we had seen no label: told', sources: { inferred: unlabelled, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: late, told: true },
  { because: 'the record does not list it, as we had seen', sources: { inferred: missing, listed: listed(false) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', expiresAt: null, told: false },
  { because: 'we thought it was inside: the record decides, and it is told', sources: { inferred: inferred(), listed: listed(false) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', expiresAt: null, told: true },
  { because: 'we had a gap: it is out', sources: { inferred: gap, listed: listed(false) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', expiresAt: null, told: false },
  { because: 'a passive hub has it', sources: { synced: synced(soon) }, belief: 'VERIFIED_IN', kind: 'PASSIVE_SYNC', expiresAt: soon, told: false },
  { because: 'the restored Secret bears no expiry: as we had seen', sources: { inferred: inferred(), synced: synced(null) }, belief: 'VERIFIED_IN', kind: 'PASSIVE_SYNC', expiresAt: late, told: false },
  { because: 'record and passive hub agree', sources: { inferred: inferred(), listed: listed(true), synced: synced(late) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: late, told: false },
  { because: 'of two expiries the earlier counts: the restored one', sources: { inferred: inferred(), listed: listed(true), synced: synced(soon) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', expiresAt: soon, told: true },
  { because: 'of two expiries the earlier counts: the noted one', sources: { inferred: inferred({ expiresAt: soon }), synced: synced(late) }, belief: 'VERIFIED_IN', kind: 'PASSIVE_SYNC', expiresAt: soon, told: true },
  { because: 'annotations have whole seconds', sources: { inferred: inferred({ expiresAt: '2026-11-26T00:00:00.400Z' }), synced: synced(late) }, belief: 'VERIFIED_IN', kind: 'PASSIVE_SYNC', expiresAt: late, told: false },
  { because: 'the record denies what a hub has restored: it is not counted on', sources: { listed: listed(false), synced: synced(late) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', expiresAt: null, told: true },
] as { because: string; sources: TokenSources; belief: string; kind: string; expiresAt: string | null; told: boolean }[])('$belief by $kind: $because', ({ sources, belief, kind, expiresAt, told }) => {
  const settled = settledToken(sources);
  expect(settled).toMatchObject({ belief, evidenceKind: kind, expiresAt });
  expect(settled.conflict !== null).toBe(told);
  expect(settled.evidence).not.toBe('');
  if (kind === 'RESOURCE_LIST') expect(settled).toMatchObject({ evidenceHubId: 'h1', evidence: expect.stringContaining('read on hub west') });
});

test.each([
  { because: 'we know why', sources: { inferred: missing, listed: listed(false) }, reason: 'SECRET_MISSING' },
  { because: 'nobody knows why', sources: { listed: listed(false) }, reason: 'NOT_IN_RECORD' },
  { because: 'we thought otherwise', sources: { inferred: inferred(), listed: listed(false) }, reason: 'NOT_IN_RECORD' },
  { because: 'it is in', sources: { inferred: missing, listed: listed(true) }, reason: null },
] as { because: string; sources: TokenSources; reason: string | null }[])('reason $reason: $because', ({ sources, reason }) => {
  expect(settledToken(sources).reason).toBe(reason);
});

test('a doubt about the expiry stays with the token that is inside', () => {
  const doubtful = inferred({ expiryDoubt: 'changed' });
  expect(settledToken({ inferred: doubtful, listed: listed(true) }).expiryDoubt).toBe('changed');
  expect(settledToken({ inferred: doubtful }).expiryDoubt).toBe('changed');
  expect(settledToken({ inferred: doubtful, listed: listed(false) }).expiryDoubt).toBeNull();
});

const start = new Date('2026-11-24T20:00:00Z');
const end = new Date('2026-11-24T20:00:10Z');

test.each([
  { because: 'it is older', createdAt: new Date('2026-11-24T19:59:59Z'), isExcluded: false, belief: 'INFERRED_IN', isAnother: false },
  { because: 'it came in the very second', createdAt: start, isExcluded: false, belief: 'INFERRED_OUT', isAnother: false },
  { because: 'it came while the backup ran', createdAt: new Date('2026-11-24T20:00:05Z'), isExcluded: false, belief: 'INFERRED_OUT', isAnother: false },
  { because: 'it came afterwards', createdAt: new Date('2026-11-24T20:00:11Z'), isExcluded: false, belief: 'INFERRED_OUT', isAnother: true },
  { because: 'it is left out', createdAt: new Date('2026-11-24T10:00:00Z'), isExcluded: true, belief: 'INFERRED_OUT', isAnother: false },
  { because: 'its age cannot be read', createdAt: null, isExcluded: false, belief: 'UNKNOWN', isAnother: false },
])('a ManagedCluster is $belief: $because', ({ createdAt, isExcluded, belief, isAnother }) => {
  expect(inferCluster({ createdAt, isExcluded }, start, end)).toMatchObject({ belief, isAnother });
});

const older = inferCluster({ createdAt: new Date('2026-11-24T10:00:00Z'), isExcluded: false }, start, end);
const meanwhile = inferCluster({ createdAt: start, isExcluded: false }, start, end);
const another = inferCluster({ createdAt: new Date('2026-11-24T21:00:00Z'), isExcluded: false }, start, end);

test.each([
  { because: 'nobody has said anything', sources: {}, belief: 'UNKNOWN', kind: 'NONE', told: false },
  { because: 'only its age speaks', sources: { inferred: older }, belief: 'INFERRED_IN', kind: 'AGE_AT_START', told: false },
  { because: 'the record lists it', sources: { inferred: older, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', told: false },
  { because: 'Velero took it though it came in the very second', sources: { inferred: meanwhile, listed: listed(true) }, belief: 'VERIFIED_IN', kind: 'RESOURCE_LIST', told: false },
  { because: 'the one inside is another of the same name', sources: { inferred: another, listed: listed(true) }, belief: 'INFERRED_OUT', kind: 'AGE_AT_START', told: true },
  { because: 'the record does not list it', sources: { inferred: another, listed: listed(false) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', told: false },
  { because: 'by its age it should be inside', sources: { inferred: older, listed: listed(false) }, belief: 'VERIFIED_OUT', kind: 'RESOURCE_LIST', told: true },
] as { because: string; sources: ClusterSources; belief: string; kind: string; told: boolean }[])('a ManagedCluster is $belief by $kind: $because', ({ sources, belief, kind, told }) => {
  const settled = settledCluster(sources);
  expect(settled).toMatchObject({ belief, evidenceKind: kind });
  expect(settled.conflict !== null).toBe(told);
});
