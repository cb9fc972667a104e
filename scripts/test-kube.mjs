// Runs the tests against real kube-apiservers (test/kube/*.kube-spec.ts). Arguments go to Jest.
// Exits 3 with one line where neither the binaries nor Go to build them are there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const KUBERNETES = '1.34.4';
const ETCD = '3.6.4';
const MIN_GO = [1, 26];
const BINARIES = ['etcd', 'kube-apiserver'];

const root = new URL('..', import.meta.url).pathname;
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lifeboat', `kube-${KUBERNETES}`);

const hasBinaries = (folder) => BINARIES.every((name) => existsSync(join(folder, name)));

/** `[major, minor]` of the Go that is installed, or null. */
function goVersion() {
  const { stdout, status } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  const match = status === 0 ? /^go(\d+)\.(\d+)/.exec(stdout) : null;
  return match ? [Number(match[1]), Number(match[2])] : null;
}

function go(folder, ...args) {
  const { stdout, status } = spawnSync('go', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024, env: { ...process.env, GOFLAGS: '-mod=mod' } });
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed`);
  return stdout;
}

/** A module that requires one main package, so that the module proxy is all that is needed. */
function module(folder, name, requirement, replacements, mainPackage) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'go.mod'), [`module lifeboat/${name}`, 'go 1.24.0', `require ${requirement}`, ...replacements, ''].join('\n'));
  writeFileSync(join(folder, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport _ "${mainPackage}"\n`);
}

/** Kubernetes' own go.mod points its libraries at folders of its repository: name their published versions instead. */
function stagingReplacements(folder) {
  const { GoMod } = JSON.parse(go(folder, 'mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES}`));
  const names = new Set([...readFileSync(GoMod, 'utf8').matchAll(/(k8s\.io\/[a-z0-9-]+) => \.\/staging/g)].map(([, name]) => name));
  return [...names].sort().map((name) => `replace ${name} => ${name} v0.${KUBERNETES.slice(2)}`);
}

function buildApiserver(folder) {
  const main = 'k8s.io/kubernetes/cmd/kube-apiserver';
  module(folder, 'kube-apiserver', `k8s.io/kubernetes v${KUBERNETES}`, [], main);
  module(folder, 'kube-apiserver', `k8s.io/kubernetes v${KUBERNETES}`, stagingReplacements(folder), main);
  go(folder, 'mod', 'tidy');
  // Without these it calls itself v0.0.0-master and refuses some feature gates.
  const version = 'k8s.io/component-base/version';
  const [major, minor] = KUBERNETES.split('.');
  const flags = `-s -w -X ${version}.gitVersion=v${KUBERNETES} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
  go(folder, 'build', '-ldflags', flags, '-o', join(folder, 'kube-apiserver'), main);
}

function buildEtcd(folder) {
  const main = 'go.etcd.io/etcd/server/v3';
  module(folder, 'etcd', `${main} v${ETCD}`, [], main);
  go(folder, 'mod', 'tidy');
  go(folder, 'build', '-ldflags', '-s -w', '-o', join(folder, 'etcd'), main);
}

/** Builds aside and moves in whole, so that a build that was cut leaves nothing that looks finished. */
function build() {
  console.log(`Building etcd ${ETCD} and kube-apiserver ${KUBERNETES} into ${cache}: once, some minutes`);
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'build-'));
  try {
    buildEtcd(join(work, 'etcd'));
    buildApiserver(join(work, 'kube-apiserver'));
    for (const name of BINARIES) renameSync(join(work, name, name), join(cache, name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function assets() {
  const named = process.env.KUBEBUILDER_ASSETS;
  if (named) {
    if (hasBinaries(named)) return named;
    console.error(`test:kube: KUBEBUILDER_ASSETS (${named}) holds no etcd and kube-apiserver`);
    process.exit(3);
  }
  if (hasBinaries(cache)) return cache;
  const version = goVersion();
  if (version === null || version[0] < MIN_GO[0] || (version[0] === MIN_GO[0] && version[1] < MIN_GO[1])) {
    console.error(`test:kube: needs etcd and kube-apiserver in the folder KUBEBUILDER_ASSETS, or Go ${MIN_GO.join('.')} to build them`);
    process.exit(3);
  }
  build();
  return cache;
}

const crds = join(root, '..', 'shared', 'crds');
const { status, signal } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--config', 'jest.kube.config.mjs', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, KUBEBUILDER_ASSETS: assets(), ...(process.env.HUB_CRD_DIR || !existsSync(crds) ? {} : { HUB_CRD_DIR: crds }) } },
);
process.exit(signal ? 1 : (status ?? 1));
