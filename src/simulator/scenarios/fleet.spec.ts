import { demoFleet, objectsOf } from './fleet.js';

const options = { count: 200, seed: 3, source: 'east', target: 'west' };

describe('the demo\u2019s fleet', () => {
  test('holds every case, and mostly good clusters', () => {
    const { counts, clusters } = demoFleet(options);
    expect(clusters).toHaveLength(200);
    expect(Object.values(counts).every((count) => count > 0)).toBe(true);
    expect(counts.good).toBeGreaterThan(150);
    expect(new Set(clusters.map(({ name }) => name)).size).toBe(200);
  });

  test('is the same for the same seed, another for another', () => {
    expect(demoFleet(options)).toEqual(demoFleet(options));
    expect(demoFleet({ ...options, seed: 4 })).not.toEqual(demoFleet(options));
  });

  test.each([1, 3, 8, 24])('%i clusters are that many', (count) => {
    expect(demoFleet({ ...options, count }).clusters).toHaveLength(count);
  });

  test('only EKS has no API URL, Hive brings its kubeconfig, hosted says so', () => {
    const { clusters } = demoFleet(options);
    for (const cluster of clusters) {
      const made = objectsOf(cluster);
      const managed = made.at(-1)?.object;
      expect([cluster.name, JSON.stringify(managed?.spec).includes('managedClusterClientConfigs')]).toEqual([cluster.name, cluster.kind !== 'eks']);
      expect([cluster.name, made.some(({ object }) => object.kind === 'ClusterDeployment')]).toEqual([cluster.name, cluster.kind === 'hive']);
      expect([cluster.name, managed?.metadata.annotations?.['import.open-cluster-management.io/klusterlet-deploy-mode']]).toEqual([cluster.name, cluster.kind === 'hosted' ? 'Hosted' : undefined]);
    }
  });
});
