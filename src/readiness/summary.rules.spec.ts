import fc from 'fast-check';
import { severities, type ClusterVerdict } from './readiness.types.js';
import { tallyAfter, tallyOf } from './summary.rules.js';

const finding = fc.record({ code: fc.constantFrom('TOKEN_EXPIRED', 'API_URL_MISSING', 'CLUSTER_UNREACHABLE'), severity: fc.constantFrom(...severities), verdict: fc.constantFrom('NOT_READY', 'UNKNOWN', 'AT_RISK') });
const clusters = fc.array(fc.record({ verdict: fc.constantFrom<ClusterVerdict>('READY', 'AT_RISK', 'NOT_READY', 'UNKNOWN', 'NOT_NEEDED'), findings: fc.array(finding, { maxLength: 3 }) }), { maxLength: 8 });

test('what is counted on from before is what is counted anew', () => {
  fc.assert(fc.property(clusters, clusters, clusters, (untouched, replaced, now) => {
    expect(tallyAfter(tallyOf([...untouched, ...replaced]), replaced, now)).toEqual(tallyOf([...untouched, ...now]));
  }));
});
