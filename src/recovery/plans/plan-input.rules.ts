import { backupRules, reachabilityRules, type NewPlan, type PlanChange } from './plans.types.js';

const DAY_S = 86_400;

interface Bound { readonly min: number; readonly max: number; readonly fallback: number }

/** In seconds. */
const bounds = {
  rpoSeconds: { min: 60, max: 30 * DAY_S, fallback: DAY_S },
  rtoSeconds: { min: 60, max: 30 * DAY_S, fallback: 3600 },
  importWindowSeconds: { min: 10, max: DAY_S, fallback: 3600 },
  probeIntervalSeconds: { min: 300, max: 7 * DAY_S, fallback: 6 * 3600 },
} as const satisfies Record<string, Bound>;

const MAX_NAME = 100;
// Control characters and those that turn the direction of text: a name stands in tickets and logs.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** What is wrong with a plan's input: which field, and why; null: nothing. */
export function planInputProblem(input: Partial<NewPlan>): { field: string; why: string } | null {
  if (input.name !== undefined && (input.name.trim() === '' || input.name.length > MAX_NAME || UNPRINTABLE.test(input.name))) {
    return { field: 'name', why: `must be 1 to ${MAX_NAME} printable characters` };
  }
  for (const [field, { min, max }] of Object.entries(bounds)) {
    const value = input[field as keyof typeof bounds];
    if (value !== undefined && (!Number.isInteger(value) || value < min || value > max)) return { field, why: `must be a whole number of seconds from ${min} to ${max}` };
  }
  if (input.backupRule !== undefined && !backupRules.includes(input.backupRule)) return { field: 'backupRule', why: `must be one of ${backupRules.join(', ')}` };
  if (input.reachability !== undefined && !reachabilityRules.includes(input.reachability)) return { field: 'reachability', why: `must be one of ${reachabilityRules.join(', ')}` };
  return null;
}

/** Absent fields at their defaults. */
export function withDefaults(input: NewPlan): Required<NewPlan> {
  return {
    name: input.name.trim(), sourceHubId: input.sourceHubId, targetHubId: input.targetHubId,
    rpoSeconds: input.rpoSeconds ?? bounds.rpoSeconds.fallback,
    rtoSeconds: input.rtoSeconds ?? bounds.rtoSeconds.fallback,
    importWindowSeconds: input.importWindowSeconds ?? bounds.importWindowSeconds.fallback,
    backupRule: input.backupRule ?? 'NEWEST_COMPLETE',
    approvalRequired: input.approvalRequired ?? true,
    reachability: input.reachability ?? 'ASSUMED',
    probeIntervalSeconds: input.probeIntervalSeconds ?? bounds.probeIntervalSeconds.fallback,
    deepCheck: input.deepCheck ?? false,
  };
}

/** Only the fields that a change names, by their own names. */
export function namedFields(change: PlanChange): PlanChange {
  const fields = ['name', 'rpoSeconds', 'rtoSeconds', 'backupRule', 'approvalRequired', 'importWindowSeconds', 'reachability', 'probeIntervalSeconds', 'deepCheck'] as const;
  return Object.fromEntries(fields.filter((field) => change[field] !== undefined).map((field) => [field, change[field]]));
}
