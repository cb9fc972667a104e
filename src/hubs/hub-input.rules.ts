import { HubInputInvalidError } from './hubs.errors.js';
import { hubPolicies, type HubChange } from './hubs.types.js';

const MIN_VALIDITY_SECONDS = 600;
const MAX_VALIDITY_SECONDS = 315_360_000;

/** 1 to 63 letters, digits, dots and dashes, as names on a hub are. @throws HubInputInvalidError */
export function checkHubName(name: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i.test(name)) {
    throw new HubInputInvalidError('A hub\u2019s name has 1 to 63 letters, digits, dots and dashes, with a letter or digit at both ends', 'name');
  }
  return name;
}

/** Only what may be changed, checked. @throws HubInputInvalidError */
export function checkHubChange({ name, policy, tokenValiditySeconds }: HubChange): HubChange {
  if (policy !== undefined && !hubPolicies.includes(policy)) throw new HubInputInvalidError(`The policy is one of ${hubPolicies.join(', ')}`, 'policy');
  const seconds = tokenValiditySeconds;
  if (seconds !== undefined && seconds !== null && !(Number.isInteger(seconds) && seconds >= MIN_VALIDITY_SECONDS && seconds <= MAX_VALIDITY_SECONDS)) {
    throw new HubInputInvalidError(`A token\u2019s validity is ${MIN_VALIDITY_SECONDS} to ${MAX_VALIDITY_SECONDS} seconds`, 'tokenValiditySeconds');
  }
  return {
    ...(name === undefined ? {} : { name: checkHubName(name) }),
    ...(policy === undefined ? {} : { policy }),
    ...(seconds === undefined ? {} : { tokenValiditySeconds: seconds }),
  };
}
