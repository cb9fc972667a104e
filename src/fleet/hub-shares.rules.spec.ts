import fc from 'fast-check';
import { hubsToTake, hubToGive, isStillLeft, type Ownership } from './hub-shares.rules.js';

const patience = { steadyMs: 15_000, leaveMs: 3_000 };
const seen = () => 0;

/** `{ a: 2, free: 1 }`: a watches a1 and a2, and f1 is free. */
function world(shares: Record<string, number>, { fresh = [], inFailover = [] }: { fresh?: string[]; inFailover?: string[] } = {}): Ownership {
  return {
    workers: Object.keys(shares).filter((id) => id !== 'free').map((id) => ({ id, presentMs: fresh.includes(id) ? 1_000 : 60_000 })),
    hubs: Object.entries(shares).flatMap(([worker, share]) =>
      Array.from({ length: share }, (_, index) => ({ id: `${worker[0]}${index + 1}`, worker: worker === 'free' ? null : worker, inFailover: inFailover.includes(`${worker[0]}${index + 1}`) })),
    ),
  };
}

describe('taking', () => {
  test.each<{ because: string; shares: Record<string, number>; takes: string[] }>([
    { because: 'alone it takes all', shares: { a: 0, free: 3 }, takes: ['f1', 'f2', 'f3'] },
    { because: 'each gets its share', shares: { a: 0, b: 0, free: 4 }, takes: ['f1', 'f3'] },
    { because: 'the other has more', shares: { a: 0, b: 2, free: 3 }, takes: ['f1', 'f2', 'f3'] },
    { because: 'the other has fewer', shares: { a: 2, b: 1, free: 1 }, takes: [] },
    { because: 'of equals the first by name is next', shares: { a: 1, b: 1, free: 1 }, takes: ['f1'] },
    { because: 'nothing is free', shares: { a: 1, b: 3 }, takes: [] },
    { because: 'it is not in the list of the present yet', shares: { b: 0, free: 4 }, takes: ['f1', 'f3'] },
  ])('$takes: $because', ({ shares, takes }) => {
    expect(hubsToTake(world(shares), 'a', seen, patience)).toEqual(takes);
  });

  test('what others do not take for a while is taken, whosever it was', () => {
    expect(hubsToTake(world({ a: 2, b: 0, free: 2 }), 'a', (id) => (id === 'f2' ? 3_000 : 2_999), patience)).toEqual(['f2']);
  });
});

describe('handing over', () => {
  test.each<{ because: string; shares: Record<string, number>; gives: string | null }>([
    { because: 'a new worker has nothing', shares: { a: 4, b: 0 }, gives: 'a1' },
    { because: 'a difference of one is fair', shares: { a: 3, b: 2 }, gives: null },
    { because: 'a difference of two is not', shares: { a: 3, b: 1 }, gives: 'a1' },
    { because: 'one that has more gives first', shares: { a: 3, b: 4, c: 0 }, gives: null },
    { because: 'of equals the first by name gives', shares: { a: 3, b: 3, c: 0 }, gives: 'a1' },
    { because: 'it is alone', shares: { a: 4 }, gives: null },
    { because: 'another hub is on its way', shares: { a: 4, b: 0, free: 1 }, gives: null },
  ])('$gives: $because', ({ shares, gives }) => {
    expect(hubToGive(world(shares), 'a', ['a1', 'a2', 'a3', 'a4'], seen, patience)).toBe(gives);
  });

  test('not to a worker that has only just come', () => {
    expect(hubToGive(world({ a: 4, b: 0 }, { fresh: ['b'] }), 'a', ['a1'], seen, patience)).toBeNull();
    expect(hubToGive(world({ a: 4, b: 0, c: 0 }, { fresh: ['b'] }), 'a', ['a1'], seen, patience)).toBe('a1');
  });

  test('not a hub that cannot be moved, nor one in the middle of a failover', () => {
    expect(hubToGive(world({ a: 4, b: 0 }, { inFailover: ['a1'] }), 'a', ['a1', 'a3'], seen, patience)).toBe('a3');
    expect(hubToGive(world({ a: 4, b: 0 }, { inFailover: ['a1'] }), 'a', ['a1'], seen, patience)).toBeNull();
  });

  test('a hub that nobody can take holds nothing up', () => {
    expect(hubToGive(world({ a: 4, b: 0, free: 1 }), 'a', ['a1'], () => 6_000, patience)).toBe('a1');
  });

  test('a worker whose presence has lapsed gives nothing', () => {
    expect(hubToGive(world({ b: 0 }), 'a', ['a1'], seen, patience)).toBeNull();
  });
});

test('whoever starts with what: it ends in fair shares, with no move more than needed, and stays so', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }), fc.nat(10), (counts, freeHubs) => {
      const owners = new Map<string, string | null>();
      counts.forEach((count, worker) => Array.from({ length: count }, (_, index) => owners.set(`${worker}-${index}`, `w${worker}`)));
      Array.from({ length: freeHubs }, (_, index) => owners.set(`free-${index}`, null));
      const ids = counts.map((_, worker) => `w${worker}`);
      const now = (): Ownership => ({ workers: ids.map((id) => ({ id, presentMs: 60_000 })), hubs: [...owners].map(([id, worker]) => ({ id, worker, inFailover: false })) });
      const share = (id: string) => [...owners.values()].filter((worker) => worker === id).length;
      const surplus = ids.reduce((sum, id) => sum + Math.max(0, share(id) - Math.floor(owners.size / ids.length)), 0);
      let moves = 0;
      for (let round = 0; round < 200; round += 1) {
        const justGiven = new Map<string, string>();
        for (const id of ids) {
          const given = hubToGive(now(), id, [...owners].filter(([, worker]) => worker === id).map(([hub]) => hub), seen, patience);
          if (given === null) continue;
          owners.set(given, null);
          justGiven.set(given, id);
          moves += 1;
        }
        for (const id of ids) {
          for (const taken of hubsToTake(now(), id, seen, patience)) if (justGiven.get(taken) !== id) owners.set(taken, id);
        }
      }
      const shares = ids.map(share);
      expect([...owners.values()]).not.toContain(null);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      expect(moves).toBeLessThanOrEqual(surplus);
    }),
    { numRuns: 300 },
  );
});

describe('a hub handed over', () => {
  test.each<{ because: string; shares: Record<string, number>; nowMs: number; left: boolean }>([
    { because: 'the others are there to take it', shares: { a: 2, b: 1, c: 1, free: 1 }, nowMs: 5_999, left: true },
    { because: 'nobody took it in all that time', shares: { a: 2, b: 1, c: 1, free: 1 }, nowMs: 6_000, left: false },
    { because: 'one of them has ended: it may have been meant for that one, or taken by it', shares: { a: 2, c: 1, free: 1 }, nowMs: 100, left: false },
    { because: 'nobody else is there', shares: { a: 2, free: 1 }, nowMs: 100, left: false },
    { because: 'somebody came since, and nobody went', shares: { a: 2, b: 1, c: 1, d: 0, free: 1 }, nowMs: 100, left: true },
  ])('is left to the others, $left: $because', ({ shares, nowMs, left }) => {
    expect(isStillLeft({ untilMs: 6_000, others: ['b', 'c'] }, world(shares), nowMs)).toBe(left);
  });
});
