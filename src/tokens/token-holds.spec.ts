import type { TokenSecretFacts } from '../fleet/facts.types.js';
import { TokenHolds } from './token-holds.js';
import type { ObservedToken, TokenAction } from './token-plan.rules.js';

const T0 = Date.parse('2026-11-24T12:00:00Z');
const at = (minutes: number): Date => new Date(T0 + minutes * 60_000);
const addOn: TokenAction = { type: 'APPLY_ADDON' };
const account: TokenAction = { type: 'APPLY_ACCOUNT', account: 'auto-import-account', validityMs: 1 };
const mark: TokenAction = { type: 'MARK_SECRET', name: 's', resourceVersion: '1', label: true, life: null };

let holds: TokenHolds;
beforeEach(() => { holds = new TokenHolds(); });

test('a right that was missing for cluster after cluster is not asked for again for a while, whatever the cluster', () => {
  const until = at(5);
  expect([1, 2, 3].map(() => holds.noteMissingRight('h', addOn, until))).toEqual([true, false, false]);
  expect(holds.missingRight('h', addOn, at(1))).toMatchObject({ until, problem: { code: 'RIGHTS_MISSING' } });
  expect([holds.missingRight('h', account, at(1)), holds.missingRight('h2', addOn, at(1)), holds.missingRight('h', addOn, at(5))]).toEqual([null, null, null]);
});

test('once or twice may be those clusters\u2019 namespaces; a success says that it is there', () => {
  holds.noteMissingRight('h', addOn, at(5));
  holds.noteMissingRight('h', addOn, at(5));
  expect(holds.missingRight('h', addOn, at(1))).toBeNull();
  holds.done('h', 'c1', addOn, at(1));
  holds.noteMissingRight('h', addOn, at(5));
  expect(holds.missingRight('h', addOn, at(1))).toBeNull();
});

test('after the wait one refusal is enough', () => {
  for (let times = 0; times < 3; times += 1) holds.noteMissingRight('h', addOn, at(5));
  expect(holds.noteMissingRight('h', addOn, at(10))).toBe(false);
  expect(holds.missingRight('h', addOn, at(6))).not.toBeNull();
});

test('what is taken away again is made later; another cluster\u2019s is not held', () => {
  holds.done('h', 'c1', account, at(0));
  expect(holds.removed('h', 'c1', account, at(1))).toBeNull();
  holds.done('h', 'c1', account, at(1));
  expect(holds.removed('h', 'c1', account, at(2))).toEqual(at(6));
  expect([holds.removed('h', 'c2', account, at(2)), holds.removed('h', 'c1', addOn, at(2)), holds.removed('h', 'c1', mark, at(2))]).toEqual([null, null, null]);
  holds.tidy(at(60));
  expect(holds.removed('h', 'c1', account, at(2))).toBeNull();
});

test('a change of the hub ends every hold on it, and none elsewhere', () => {
  const hold = { until: at(5), problem: null, failures: 1, refused: null };
  for (const hub of ['h', 'h2']) {
    holds.hold(hub, 'c1', hold);
    holds.hubAway(hub, at(5));
  }
  holds.forget('h');
  expect(holds.ofCluster('h', 'c1', at(1))).toBeNull();
  expect(holds.ofCluster('h2', 'c1', at(1))).toEqual(hold);
  expect(holds.ofCluster('h2', 'c9', at(1))).toEqual({ ...hold, failures: 0 });
});

describe('another Lifeboat', () => {
  const facts: TokenSecretFacts = {
    createdAt: null, deleting: false, backupLabel: 'msa', hiveLabel: null, typeLabel: null, expiresAt: null, expiryUnreadable: false, refreshedAt: null, accountUid: null, restoredFrom: null,
    labelWrittenAt: null, labelWrittenBy: 'lifeboat', tokenWrittenAt: null,
  };
  const seen = (cluster: string, change: Partial<TokenSecretFacts> = {}): ObservedToken => ({
    cluster, origin: 'IMPORTED', clusterDeleting: false, labels: {}, available: 'TRUE', addOn: null, accounts: new Map(), works: new Map(),
    secrets: new Map([['s', { uid: 'u', resourceVersion: '2', facts: { ...facts, ...change } }]]),
  });
  const sign = (cluster: string, minute: number, change: Partial<TokenSecretFacts> = {}): boolean => {
    holds.notLabelled('h', cluster, mark, 'CONFLICT');
    return holds.lookForRival('h', seen(cluster, change), at(minute));
  };

  test('labels that we were about to write are there, by our own field manager: three in a day tell it, and tell it once', () => {
    expect([sign('c1', 0), sign('c2', 1), sign('c3', 2), sign('c4', 3)]).toEqual([false, false, true, false]);
    expect([holds.hasRival('h', at(4)), holds.hasRival('h2', at(4)), holds.hasRival('h', at(25 * 60))]).toEqual([true, false, false]);
  });

  test.each([
    { because: 'the operator labelled them', change: { labelWrittenBy: 'cluster-backup-operator' } },
    { because: 'the agent wrote the token, nobody the label', change: { backupLabel: null } },
  ])('$because', ({ change }) => {
    for (const [minute, name] of ['c1', 'c2', 'c3', 'c4'].entries()) sign(name, minute, change);
    expect(holds.hasRival('h', at(5))).toBe(false);
  });

  test('a label of ours whose answer was lost is no sign', () => {
    for (const [minute, name] of ['c1', 'c2', 'c3'].entries()) {
      holds.notLabelled('h', name, mark, 'UNKNOWN');
      sign(name, minute);
    }
    expect(holds.hasRival('h', at(5))).toBe(false);
  });

  test('what was only seen labelled is no sign', () => {
    for (const [minute, name] of ['c1', 'c2', 'c3'].entries()) holds.lookForRival('h', seen(name), at(minute));
    expect(holds.hasRival('h', at(5))).toBe(false);
  });
});
