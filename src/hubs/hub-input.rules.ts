import { HubInputInvalidError } from './hubs.errors.js';
import { formatSelector, parseSelector, selectorOf } from './label-selector.rules.js';
import { hubPolicies, type Exclusion, type Hub, type HubChange } from './hubs.types.js';

const MIN_VALIDITY_SECONDS = 600;
const MAX_VALIDITY_SECONDS = 315_360_000;
const MIN_MARGIN_SECONDS = 60;
const MAX_OVERDUE_SECONDS = 2_592_000;
const MAX_EXCLUSIONS = 20;
/** A pair before half-life is none of the operator's, and serves nothing. */
const MIN_PAIR_PERCENT = 50;
/** At 80 the agent renews, and the first token is young again. */
const MAX_PAIR_PERCENT = 79;

/** 1 to 63 letters, digits, dots and dashes, as names on a hub are. @throws HubInputInvalidError */
export function checkHubName(name: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(name)) {
    throw new HubInputInvalidError('A hub\u2019s name has 1 to 63 letters, digits, dots and dashes, with a letter or digit at both ends', 'name');
  }
  return name;
}

/** A change as it is stored: exclusions in one spelling. */
export type CheckedHubChange = Omit<HubChange, 'tokenExclusions'> & { readonly tokenExclusions?: string[] };

/** Only what may be changed, checked. @throws HubInputInvalidError */
export function checkHubChange(change: HubChange): CheckedHubChange {
  const { name, policy, tokenExclusions, tokenPairAfterPercent: percent } = change;
  if (policy !== undefined && !hubPolicies.includes(policy)) throw new HubInputInvalidError(`The policy is one of ${hubPolicies.join(', ')}`, 'policy');
  if (percent !== undefined && !within(percent, MIN_PAIR_PERCENT, MAX_PAIR_PERCENT)) {
    throw new HubInputInvalidError(`The pair is made after ${MIN_PAIR_PERCENT} to ${MAX_PAIR_PERCENT} percent of the first token\u2019s life`, 'tokenPairAfterPercent');
  }
  return {
    ...(name === undefined ? {} : { name: checkHubName(name) }),
    ...(policy === undefined ? {} : { policy }),
    ...seconds(change, 'tokenValiditySeconds', 'A token\u2019s validity', MIN_VALIDITY_SECONDS, MAX_VALIDITY_SECONDS),
    ...seconds(change, 'tokenExpiryWarningSeconds', 'The warning before an expiry', MIN_MARGIN_SECONDS, MAX_VALIDITY_SECONDS),
    ...seconds(change, 'tokenRenewalOverdueSeconds', 'The margin of a renewal', MIN_MARGIN_SECONDS, MAX_OVERDUE_SECONDS),
    ...(percent === undefined ? {} : { tokenPairAfterPercent: percent }),
    ...(tokenExclusions === undefined ? {} : { tokenExclusions: checkExclusions(tokenExclusions) }),
  };
}

const within = (value: number, min: number, max: number): boolean => Number.isInteger(value) && value >= min && value <= max;

type Margin = 'tokenValiditySeconds' | 'tokenExpiryWarningSeconds' | 'tokenRenewalOverdueSeconds';

function seconds(change: HubChange, field: Margin, what: string, min: number, max: number): { readonly [K in Margin]?: number | null } {
  const value = change[field];
  if (value === undefined) return {};
  if (value !== null && !within(value, min, max)) throw new HubInputInvalidError(`${what} is ${min} to ${max} seconds`, field);
  return { [field]: value };
}

function checkExclusions(exclusions: readonly Exclusion[]): string[] {
  if (exclusions.length > MAX_EXCLUSIONS) throw new HubInputInvalidError(`A hub has at most ${MAX_EXCLUSIONS} exclusions`, 'tokenExclusions');
  return [...new Set(exclusions.map(({ selector, ...object }) => {
    const isObject = object.matchLabels !== undefined || object.matchExpressions !== undefined;
    if ((selector === undefined) !== isObject) throw new HubInputInvalidError('An exclusion is either a selector, or matchLabels and matchExpressions', 'tokenExclusions');
    return formatSelector(selector === undefined ? selectorOf(object) : parseSelector(selector));
  }))];
}

/** What a change concerns beyond the hub's name. */
export const isAboutProtection = ({ name: _name, ...rest }: CheckedHubChange): boolean => Object.keys(rest).length > 0;

export const changedHub = (hub: Hub, change: CheckedHubChange): Hub => ({ ...hub, ...change });
