import { allowedOperations } from './allowed-operations.rules.js';
import { contentHash, namesHash } from './content-hash.rules.js';
import { crashPoints, happyPath, isTerminal, mayGo, steps, transitions } from './failover-transitions.rules.js';
import { failoverOperations, failoverStatuses, type FailoverStatus, type PinnedContent } from './failovers.types.js';

test('every state but the first is reached, and every path ends', () => {
  const reached = new Set<string>(Object.values(transitions).flatMap((to) => Object.keys(to)));
  expect(failoverStatuses.filter((status) => !reached.has(status))).toEqual([]);
  for (const step of steps) {
    const seen = new Set<FailoverStatus>([step]);
    for (const status of seen) if (!isTerminal(status)) for (const to of Object.keys(transitions[status])) seen.add(to as FailoverStatus);
    expect([...seen].some(isTerminal)).toBe(true);
  }
});

test.each([
  { from: 'PREFLIGHT', to: 'FENCING', may: false, because: 'approval comes between' },
  { from: 'PENDING_APPROVAL', to: 'RESTORING', may: false, because: 'the source is fenced first' },
  { from: 'RESTORING', to: 'PREFLIGHT', may: true, because: 'another content is checked and approved anew' },
  { from: 'IMPORTING', to: 'CANCELLED', may: false, because: 'clusters have moved' },
  { from: 'COMPLETED', to: 'PREFLIGHT', may: false, because: 'an end is an end' },
] as const)('$from to $to is $may: $because', ({ from, to, may }) => {
  expect(mayGo(from, to)).toBe(may);
});

test('a failover that goes well passes each state in order', () => {
  for (const [index, step] of happyPath.slice(0, -1).entries()) expect(mayGo(step, happyPath[index + 1] as FailoverStatus)).toBe(true);
  expect(crashPoints).toHaveLength(steps.length * 3);
});

const content: PinnedContent = {
  planVersion: 1, source: { hubId: 'a', name: 'east', clusterId: 'ca' }, target: { hubId: 'b', name: 'west', clusterId: 'cb' }, setId: 's',
  backups: { credentials: 'c', resources: 'r', managedClusters: 'm', generic: 'g' }, restoreName: 'lifeboat-1', mode: 'CREATED', clustersHash: namesHash(['x', 'y']), clusters: 2, sourceAnswers: false,
};
test.each<{ because: string; of: Partial<PinnedContent>; same: boolean }>([
  { because: 'nothing changed', of: {}, same: true },
  { because: 'the source came and went', of: { sourceAnswers: true }, same: true },
  { because: 'a hub was renamed', of: { source: { hubId: 'a', name: 'renamed', clusterId: 'ca' } }, same: true },
  { because: 'clusters in another order are the same clusters', of: { clustersHash: namesHash(['y', 'x']) }, same: true },
  { because: 'a cluster was added', of: { clustersHash: namesHash(['x', 'y', 'z']) }, same: false },
  { because: 'the plan was changed', of: { planVersion: 2 }, same: false },
  { because: 'another backup', of: { backups: { ...content.backups, credentials: 'c2' } }, same: false },
  { because: 'the target is another cluster now', of: { target: { hubId: 'b', name: 'west', clusterId: 'other' } }, same: false },
])('same approval $same: $because', ({ of, same }) => {
  expect(contentHash({ ...content, ...of }, 'p') === contentHash(content, 'p')).toBe(same);
});

const none = { total: 0, byState: {}, byOutcome: {} };
test.each<{ status: FailoverStatus; needsAttention?: boolean; restoreMayExist?: boolean; imports?: typeof none & { byState: Record<string, number> }; allowed: string[] }>([
  { status: 'PREFLIGHT', allowed: ['abort'] },
  { status: 'PENDING_APPROVAL', allowed: ['decide', 'abort'] },
  { status: 'FENCING', allowed: ['abort'] },
  { status: 'FENCING', needsAttention: true, allowed: ['abort', 'retry'] },
  { status: 'RESTORING', allowed: ['abort'] },
  { status: 'RESTORING', restoreMayExist: true, allowed: [] },
  { status: 'UNDOING', allowed: [] },
  { status: 'IMPORTING', restoreMayExist: true, imports: { ...none, total: 2, byState: { RECONNECTED: 1, WAITING: 1 } }, allowed: ['supplyApiUrl'] },
  { status: 'COMPLETED_WITH_EXCEPTIONS', restoreMayExist: true, imports: { ...none, total: 1, byState: { NOT_RECONNECTED: 1 } }, allowed: ['supplyApiUrl'] },
  { status: 'COMPLETED', restoreMayExist: true, allowed: [] },
  { status: 'FAILED', needsAttention: true, allowed: [] },
])('in $status ($needsAttention, $restoreMayExist): $allowed', ({ status, needsAttention = false, restoreMayExist = false, imports = none, allowed }) => {
  const operations = allowedOperations(failoverOperations, { failover: { status, needsAttention }, restoreMayExist, imports });
  expect(operations.filter((one) => one.allowed).map((one) => one.operation)).toEqual(allowed);
  for (const one of operations) expect(one.allowed).toBe(one.refusalCode === null);
});
