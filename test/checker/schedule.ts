import fc from 'fast-check';

/** What befalls the hub, the network, the database and the workers, one after another. `for`: it lasts so many steps. */
export type Step =
  | { readonly do: 'change'; readonly times: number; readonly seed: number }
  | { readonly do: 'big' | 'compact' | 'go-away' | 'checkpoint' }
  | { readonly do: 'pause'; readonly ms: number }
  // Requests and watches, as the hub treats them
  | { readonly do: 'break-watches'; readonly how: 'reset' | 'end' | '410' | '500' | '429' }
  | { readonly do: 'inject'; readonly bytes: string }
  | { readonly do: 'fail'; readonly verb: 'list' | 'watch'; readonly how: RequestFailure; readonly rate: number; readonly for: number }
  | { readonly do: 'fail-page'; readonly code: 410 | 500; readonly for: number }
  | { readonly do: 'odd-watches'; readonly how: 'silent' | 'without-bookmarks' | 'repeats' | 'delayed' | 'ends-after' | 'resets-after' | 'expires-after'; readonly kind: number | null; readonly events: number; readonly for: number }
  // The network
  | { readonly do: 'cut' | 'half-open' }
  | { readonly do: 'network'; readonly mode: 'blackhole' | 'refuse' | 'slow'; readonly for: number }
  // The hub itself
  | { readonly do: 'outage'; readonly mode: 'refuse' | 'hang'; readonly hours: number; readonly seed: number }
  | { readonly do: 'set-back'; readonly downMs: number; readonly times: number; readonly seed: number }
  | { readonly do: 'vanish'; readonly kind: number; readonly for: number }
  // Workers and their database
  | { readonly do: 'lose-lease' }
  | { readonly do: 'kill' | 'stop'; readonly worker: number }
  | { readonly do: 'terminate-queries' }
  | { readonly do: 'database-away'; readonly worker: number; readonly ms: number };

export const requestFailures = ['401', '403', '410', '429', '500', '503', '504', 'reset', 'hang', 'truncate', 'garbage', 'redirect', 'lose-answer', 'slow'] as const;
export type RequestFailure = (typeof requestFailures)[number];

const seed = fc.nat({ max: 2 ** 31 - 1 });
const lasts = fc.integer({ min: 1, max: 4 });
const kind = fc.nat({ max: 11 });
const worker = fc.nat({ max: 1 });

const change: fc.Arbitrary<Step> = fc.record({ do: fc.constant('change' as const), times: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 12 }) }, { weight: 1, arbitrary: fc.integer({ min: 100, max: 700 }) }), seed });
const pause: fc.Arbitrary<Step> = fc.record({ do: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 60 }) });

const faults: readonly fc.Arbitrary<Step>[] = [
  fc.constantFrom<Step>({ do: 'big' }, { do: 'compact' }, { do: 'go-away' }, { do: 'checkpoint' }, { do: 'cut' }, { do: 'half-open' }, { do: 'lose-lease' }, { do: 'terminate-queries' }),
  fc.record({ do: fc.constant('break-watches' as const), how: fc.constantFrom('reset' as const, 'end' as const, '410' as const, '500' as const, '429' as const) }),
  fc.record({ do: fc.constant('inject' as const), bytes: fc.oneof(fc.constantFrom('no JSON\n', '{"type":"ADDED","obj', '{"type":"ADDED","object":{"metadata":{}}}\n', '{"type":"NEWS"}\n', '\0\0\n', '\n'), fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes))) }),
  fc.record({ do: fc.constant('fail' as const), verb: fc.constantFrom('list' as const, 'watch' as const), how: fc.constantFrom(...requestFailures), rate: fc.constantFrom(1, 0.5, 0.2), for: lasts }),
  fc.record({ do: fc.constant('fail-page' as const), code: fc.constantFrom(410 as const, 500 as const), for: lasts }),
  fc.record({
    do: fc.constant('odd-watches' as const), how: fc.constantFrom('silent' as const, 'without-bookmarks' as const, 'repeats' as const, 'delayed' as const, 'ends-after' as const, 'resets-after' as const, 'expires-after' as const),
    kind: fc.option(kind, { nil: null }), events: fc.integer({ min: 0, max: 5 }), for: lasts,
  }),
  fc.record({ do: fc.constant('network' as const), mode: fc.constantFrom('blackhole' as const, 'refuse' as const, 'slow' as const), for: lasts }),
  fc.record({ do: fc.constant('outage' as const), mode: fc.constantFrom('refuse' as const, 'hang' as const), hours: fc.constantFrom(0, 1, 24, 72), seed }),
  fc.record({ do: fc.constant('set-back' as const), downMs: fc.integer({ min: 20, max: 150 }), times: fc.integer({ min: 0, max: 40 }), seed }),
  fc.record({ do: fc.constant('vanish' as const), kind, for: lasts }),
  fc.record({ do: fc.constantFrom('kill' as const, 'stop' as const), worker }),
  fc.record({ do: fc.constant('database-away' as const), worker, ms: fc.integer({ min: 10, max: 300 }) }),
];

/** Changes amid faults that come in any order and overlap. */
export const schedules: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ weight: 5, arbitrary: change }, { weight: 2, arbitrary: pause }, { weight: 6, arbitrary: fc.oneof(...faults) }),
  { minLength: 1, maxLength: 24, size: 'max' },
);
