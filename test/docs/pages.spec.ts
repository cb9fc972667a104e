import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { predictedOutcomeOfCode } from '../../src/readiness/cluster-verdict.rules.js';
import { clusterFindingCodes, planFindingCodes } from '../../src/readiness/readiness.types.js';
import { scheduleFindingCodes } from '../../src/backups/schedules.types.js';
import { removalWarningCodes } from '../../src/hubs/protection-removal.types.js';
import { prerequisiteCodes } from '../../src/hubs/hubs.types.js';
import { failoverProblemCodes } from '../../src/recovery/failovers/failovers.types.js';
import { importOutcomeCodes } from '../../src/recovery/imports/imports.types.js';
import { pathCodes } from '../../src/probes/probes.types.js';
import { tokenProblemCodes } from '../../src/tokens/tokens.types.js';

const root = resolve(import.meta.dirname, '../..');
const problems = join(root, 'docs/problems');
const text = (path: string): string => readFileSync(path, 'utf8');

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile() && one.name.endsWith(ending)).map((one) => join(one.parentPath, one.name));

/** Not told to callers, or on another's page: what is inside VALIDATION_FAILED, the transport's own, and what a probe met. */
const NOT_PROBLEMS = new Set(['UNKNOWN_FIELD', 'UNSTORABLE_CHARACTER', 'LIFEBOAT_ADDRESS_REFUSED', 'ANSWERED', 'HUB_AWAY']);
const ASIDE = /\.spec\.ts$|^(simulator|demo|bench|truth|database\/generated)\//;
/** Files that list their codes as types. */
const LISTS = /(\.errors|kube-error|problem)\.ts$/;

/** Codes as they stand in the source: `code = 'X'`, `code: 'X'`, `….code : 'X'`, refusals `['X', …]`, and every code that an errors file spells. */
function codesInSource(): string[] {
  const src = join(root, 'src');
  return filesBelow(src, '.ts').filter((path) => !ASIDE.test(relative(src, path))).flatMap((path) => {
    const source = text(path);
    const told = [/\b(?:code(?:: | = )|\.code : )'([A-Z][A-Z_]{3,})'/g, /\? null : \['([A-Z_]+)'|return \['([A-Z_]+)'/g].flatMap((pattern) => [...source.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? ''));
    return LISTS.test(path) ? [...told, ...[...source.matchAll(/'([A-Z][A-Z_]{5,})'/g)].map((match) => match[1] ?? '')] : told;
  });
}

const codes = new Set([
  ...clusterFindingCodes, ...planFindingCodes, ...prerequisiteCodes, ...removalWarningCodes, ...scheduleFindingCodes, ...tokenProblemCodes, ...failoverProblemCodes, ...importOutcomeCodes, ...codesInSource(),
].filter((code) => !NOT_PROBLEMS.has(code)));
const pages = readdirSync(problems).filter((name) => name !== 'README.md').map((name) => name.replace(/\.md$/, ''));

describe('every stable code has its page, and every page its code', () => {
  test('the source is read', () => {
    // One of each way in which a code is spelled
    expect([...codes]).toEqual(expect.arrayContaining(['HUB_BUSY', 'HUB_TLS_FAILED', 'KUBECONFIG_EXEC_REFUSED', 'IMPORT_NOT_OPEN', 'BAD_USER_INPUT', 'SOURCE_STILL_ANSWERS', 'BODY_TOO_LARGE', 'INTERNAL', 'REFLECTOR_FAILED']));
  });

  test('codes without a page', () => expect([...codes].filter((code) => !pages.includes(code)).sort()).toEqual([]));
  test('pages without a code', () => expect(pages.filter((page) => !codes.has(page))).toEqual([]));

  test('what a probe may meet is told on the pages of its findings', () => {
    const told = text(join(problems, 'TARGET_PATH_REFUSED.md')) + text(join(problems, 'TARGET_PATH_UNPROVEN.md'));
    expect(pathCodes.filter((code) => code !== 'ANSWERED' && !told.includes(`\`${code}\``))).toEqual([]);
  });

  test('the index names each page once', () => {
    const named = [...text(join(problems, 'README.md')).matchAll(/^\| \[([A-Z_]+)\]\(\1\.md\) \|/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual([...pages].sort());
  });

  test.each(pages)('%s says what, where, why and what to do, on one screen', (page) => {
    const said = text(join(problems, `${page}.md`));
    expect(said).toMatch(new RegExp(`^# ${page}\n\n\\S.*\n\n- \\*\\*Where you see it:\\*\\* .*\n- \\*\\*Cause:\\*\\* `));
    expect(said).toMatch(/\n## What to do\n\n\S/);
    expect(said.split('\n').length).toBeLessThanOrEqual(22);
  });

  const predictions = clusterFindingCodes.map((code) => [code, predictedOutcomeOfCode('NOT_READY', code)] as const).filter(([, outcome]) => outcome !== null);
  test.each(predictions)('%s predicts %s', (code, outcome) => {
    expect(text(join(problems, `${code}.md`))).toMatch(new RegExp(`^- \\*\\*Predicts:\\*\\* \`${outcome}\``, 'm'));
  });

  test('the page of VALIDATION_FAILED names the codes inside it', () => {
    const inside = [...text(join(root, 'src/api/input.pipe.ts')).matchAll(/'([A-Z]+(?:_[A-Z]+)+|REQUIRED)'/g)].map((match) => match[1] ?? '');
    expect(inside.length).toBeGreaterThan(5);
    const said = text(join(problems, 'VALIDATION_FAILED.md'));
    expect(inside.filter((code) => !said.includes(`\`${code}\``))).toEqual([]);
  });
});

describe('links between pages', () => {
  const documents = [join(root, 'README.md'), ...filesBelow(join(root, 'docs'), '.md')];
  const anchorsOf = (markdown: string): string[] =>
    [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) => (match[1] ?? '').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-'));

  test.each(documents.map((path) => relative(root, path)))('%s', (document) => {
    const path = join(root, document);
    const links = [...text(path).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const broken = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : resolve(dirname(path), file);
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(text(target)).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});
