import { named } from '../api/view.js';
import { clusterVerdicts, severities } from './readiness.types.js';

/** Apart from the other models, since imports show it too. */
export const clusterVerdict = named('ClusterVerdict', clusterVerdicts, 'READY comes back; AT_RISK comes back now, perhaps not later; UNKNOWN cannot be said; NOT_NEEDED comes back without a token');

export const severity = named('Severity', severities);
