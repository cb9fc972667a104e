import base from './jest.config.mjs';

// Started by scripts/test-kube.mjs, which makes sure of kube-apiserver and etcd. One file at a time: each starts servers of its own.
export default {
  ...base,
  testMatch: ['<rootDir>/test/kube/**/*.kube-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  maxWorkers: 1,
  testTimeout: 300_000,
};
