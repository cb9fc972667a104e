import { hubConformance } from '../conformance/hub-conformance.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';

hubConformance('a real kube-apiserver', async () => {
  // Snapshots in the watch cache would keep a continued list alive after etcd has forgotten it, for a while.
  const server = await RealKubeApiserver.start({ flags: ['--feature-gates=ListFromCacheSnapshot=false'] });
  return {
    connection: (token) => server.connection(token),
    weakToken: server.weakToken,
    forgetHistory: () => server.compact(),
    stop: () => server.stop(),
  };
});
