import { reflectorUnderFaults } from '../conformance/reflector-faults.js';
import { RealKubeApiserver } from '../../src/simulator/real/kube-apiserver.js';

reflectorUnderFaults('a real kube-apiserver', async () => {
  const server = await RealKubeApiserver.start({ flags: ['--goaway-chance=0.02'] });
  return {
    connection: (token) => server.connection(token),
    weakToken: server.weakToken,
    forgetHistory: () => server.compact(),
    stop: () => server.stop(),
    faults: [(): Promise<void> => server.restart()],
  };
}, 800);
