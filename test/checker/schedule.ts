import fc from 'fast-check';

/** What can befall any hub, the network before it, the database and the workers, one after another. `for`: it lasts so many steps. */
export type CommonStep =
  | { readonly do: 'change'; readonly times: number; readonly seed: number }
  | { readonly do: 'big' | 'compact' | 'checkpoint' }
  | { readonly do: 'pause'; readonly ms: number }
  // Until all is watched, or for so long
  | { readonly do: 'settle'; readonly ms: number }
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

/** Requests and watches, as a simulated hub can treat them. */
export type SimulatedFault =
  | { readonly do: 'go-away' }
  | { readonly do: 'break-watches'; readonly how: 'reset' | 'end' | '410' | '500' | '429' }
  | { readonly do: 'inject'; readonly bytes: string }
  | { readonly do: 'fail'; readonly verb: 'list' | 'watch'; readonly how: RequestFailure; readonly rate: number; readonly for: number }
  | { readonly do: 'fail-page'; readonly code: 410 | 500; readonly for: number }
  | { readonly do: 'odd-watches'; readonly how: 'silent' | 'without-bookmarks' | 'repeats' | 'delayed' | 'ends-after' | 'resets-after' | 'expires-after'; readonly kind: number | null; readonly events: number; readonly for: number };

/** The processes of a real hub: kube-apiserver is killed and comes again; all stand still for a moment. */
export type RealFault = { readonly do: 'restart' } | { readonly do: 'freeze'; readonly ms: number };

export type OwnFault = SimulatedFault | RealFault;
export type Step = CommonStep | OwnFault;

export const requestFailures = ['401', '403', '410', '429', '500', '503', '504', 'reset', 'hang', 'truncate', 'garbage', 'redirect', 'lose-answer', 'slow'] as const;
export type RequestFailure = (typeof requestFailures)[number];

const seed = fc.nat({ max: 2 ** 31 - 1 });
const lasts = fc.integer({ min: 1, max: 4 });
const kind = fc.nat({ max: 11 });
const worker = fc.nat({ max: 1 });

const pauses = (max: number): fc.Arbitrary<Step> => fc.record({ do: fc.constant('pause' as const), ms: fc.integer({ min: 0, max }) });
const few = fc.integer({ min: 1, max: 12 });
const changes = (times: fc.Arbitrary<number>): fc.Arbitrary<Step> => fc.record({ do: fc.constant('change' as const), times, seed });

const vanish: fc.Arbitrary<Step> = fc.record({ do: fc.constant('vanish' as const), kind, for: lasts });
const network: fc.Arbitrary<Step> = fc.record({ do: fc.constant('network' as const), mode: fc.constantFrom('blackhole' as const, 'refuse' as const, 'slow' as const), for: lasts });
const outage: fc.Arbitrary<Step> = fc.record({ do: fc.constant('outage' as const), mode: fc.constantFrom('refuse' as const, 'hang' as const), hours: fc.constantFrom(0, 1, 24, 72), seed });
const setBacks = (max: number): fc.Arbitrary<Step> => fc.record({ do: fc.constant('set-back' as const), downMs: fc.integer({ min: 20, max: 150 }), times: fc.integer({ min: 0, max }), seed });
const ends: fc.Arbitrary<Step> = fc.record({ do: fc.constantFrom('kill' as const, 'stop' as const), worker });
const databaseAway: fc.Arbitrary<Step> = fc.record({ do: fc.constant('database-away' as const), worker, ms: fc.integer({ min: 10, max: 300 }) });

const simulatedFaults: readonly fc.Arbitrary<Step>[] = [
  fc.constantFrom<Step>({ do: 'big' }, { do: 'compact' }, { do: 'go-away' }, { do: 'checkpoint' }, { do: 'cut' }, { do: 'half-open' }, { do: 'lose-lease' }, { do: 'terminate-queries' }),
  fc.record({ do: fc.constant('break-watches' as const), how: fc.constantFrom('reset' as const, 'end' as const, '410' as const, '500' as const, '429' as const) }),
  fc.record({ do: fc.constant('inject' as const), bytes: fc.oneof(fc.constantFrom('no JSON\n', '{"type":"ADDED","obj', '{"type":"ADDED","object":{"metadata":{}}}\n', '{"type":"NEWS"}\n', '\0\0\n', '\n'), fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes))) }),
  fc.record({ do: fc.constant('fail' as const), verb: fc.constantFrom('list' as const, 'watch' as const), how: fc.constantFrom(...requestFailures), rate: fc.constantFrom(1, 0.5, 0.2), for: lasts }),
  fc.record({ do: fc.constant('fail-page' as const), code: fc.constantFrom(410 as const, 500 as const), for: lasts }),
  fc.record({
    do: fc.constant('odd-watches' as const), how: fc.constantFrom('silent' as const, 'without-bookmarks' as const, 'repeats' as const, 'delayed' as const, 'ends-after' as const, 'resets-after' as const, 'expires-after' as const),
    kind: fc.option(kind, { nil: null }), events: fc.integer({ min: 0, max: 5 }), for: lasts,
  }),
  network, outage, setBacks(40), vanish, ends, databaseAway,
];

const settle: Step = { do: 'settle', ms: 10_000 };
/** On a busy machine a schedule is over before anybody has read anything: of each three, two begin when all is watched. */
const begun = (steps: fc.Arbitrary<Step[]>): fc.Arbitrary<Step[]> => fc.tuple(fc.constantFrom<Step[]>([], [settle], [settle]), steps).map(([first, rest]) => [...first, ...rest]);

/** Changes amid faults that come in any order and overlap. */
export const simulatedSchedules: fc.Arbitrary<Step[]> = begun(fc.array(
  fc.oneof(
    { weight: 5, arbitrary: changes(fc.oneof({ weight: 8, arbitrary: few }, { weight: 1, arbitrary: fc.integer({ min: 100, max: 700 }) })) },
    { weight: 2, arbitrary: pauses(60) },
    { weight: 6, arbitrary: fc.oneof(...simulatedFaults) },
  ),
  { minLength: 1, maxLength: 24, size: 'max' },
));

/** The same for a hub of real processes, which take seconds to start: what takes longer comes less often. */
export const realSchedules: fc.Arbitrary<Step[]> = begun(fc.array(
  fc.oneof(
    { weight: 6, arbitrary: changes(fc.oneof({ weight: 8, arbitrary: few }, { weight: 1, arbitrary: fc.integer({ min: 30, max: 80 }) })) },
    { weight: 2, arbitrary: pauses(500) },
    {
      weight: 7,
      arbitrary: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom<Step>({ do: 'big' }, { do: 'compact' }, { do: 'checkpoint' }, { do: 'cut' }, { do: 'half-open' }, { do: 'lose-lease' }, { do: 'terminate-queries' }) },
        { weight: 3, arbitrary: network },
        { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), ms: fc.integer({ min: 50, max: 2_500 }) }) },
        { weight: 2, arbitrary: vanish },
        { weight: 2, arbitrary: ends },
        { weight: 2, arbitrary: databaseAway },
        { weight: 1, arbitrary: outage },
        { weight: 1, arbitrary: setBacks(150) },
        { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
      ),
    },
  ),
  { minLength: 4, maxLength: 16, size: 'max' },
));

/** What a short run on a real hub shall not leave to chance. */
export const realExamples: readonly (readonly Step[])[] = [
  // The store goes back, and forward past the version that we know, before anybody is back
  [settle, { do: 'checkpoint' }, { do: 'change', times: 40, seed: 1 }, { do: 'pause', ms: 300 }, { do: 'set-back', downMs: 20, times: 90, seed: 2 }, { do: 'change', times: 5, seed: 3 }],
  // History is forgotten, and with it what a watch would go on from
  [settle, { do: 'network', mode: 'blackhole', for: 4 }, { do: 'change', times: 30, seed: 4 }, { do: 'compact' }, { do: 'restart' }, { do: 'change', times: 5, seed: 5 }],
  // A kind is not served for a while, nor is anything
  [settle, { do: 'vanish', kind: 0, for: 3 }, { do: 'change', times: 20, seed: 6 }, { do: 'pause', ms: 1_000 }, { do: 'change', times: 5, seed: 7 }, { do: 'outage', mode: 'hang', hours: 24, seed: 8 }],
];
