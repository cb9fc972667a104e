import type { ImportOutcomeCode } from '../recovery/imports/imports.types.js';
import type { Obstacle } from './oracle.js';
import type { TruthCase, TruthRun } from './truth-run.js';

/** Of the predictions of NOT_READY, how many may come back all the same, and how many may fail for another reason than foretold. */
const TOLERATED = 0.01;

export const faults = ['FALSE_READY', 'FALSE_NOT_READY', 'WRONG_REASON', 'UNFORESEEN_BLOCK', 'FALSE_BLOCK', 'SERVICE_DISAGREES', 'NO_END'] as const;
/**
 * FALSE_READY: promised, and not back. FALSE_NOT_READY: back all the same. WRONG_REASON: not back, but not for what was foretold.
 * UNFORESEEN_BLOCK, FALSE_BLOCK: whether the failover can run at all was foretold wrongly, or for another reason. SERVICE_DISAGREES: the failover tells of a cluster what the
 * world does not bear out. NO_END: the failover did not end.
 */
export type Fault = (typeof faults)[number];

export interface Miss {
  readonly fault: Fault;
  readonly world: string;
  /** '' : the whole plan */
  readonly cluster: string;
  readonly told: string;
}

/** Which of the world's own obstacles bears an outcome out. */
const BORNE_OUT_BY: Readonly<Partial<Record<ImportOutcomeCode, readonly Obstacle[]>>> = {
  API_URL_MISSING: ['NO_URL'], NO_TOKEN_RESTORED: ['NO_TOKEN'], TOKEN_EXPIRED: ['EXPIRED_TOKEN'], TOKEN_REJECTED: ['REFUSED_TOKEN'], TOKEN_EMPTY: ['EMPTY_TOKEN'],
  CLUSTER_UNREACHABLE: ['UNREACHABLE'], CLUSTER_NOT_RESTORED: ['NOT_RESTORED'], IMPORT_DISABLED: ['IMPORT_DISABLED'],
};

const isPromise = ({ verdict }: TruthCase): boolean => verdict === 'READY' || verdict === 'AT_RISK';
const saysBack = (outcome: ImportOutcomeCode | null): boolean => outcome === 'RECONNECTED' || outcome === 'ALREADY_AVAILABLE';

function bornOut(outcome: ImportOutcomeCode | null, { happened }: TruthCase): boolean {
  if (outcome === null) return false;
  return (BORNE_OUT_BY[outcome] ?? []).some((obstacle) => happened.obstacles.includes(obstacle));
}

const inWords = (one: TruthCase): string =>
  `foretold ${one.verdict} ${one.code ?? '-'} (${one.predicted ?? '-'}), the failover says ${one.outcome ?? '-'}, in truth ${one.happened.back ? 'back' : `not back: ${one.happened.obstacles.join(', ') || 'no obstacle'}`} [${one.findings.join(' | ')}]`;

/** What ends a failover in its checks has the same code as the finding; what ends it later has many causes, of which one must have been told. */
function blockForetold({ blockedBy, problem }: TruthRun): boolean {
  return problem === 'RESTORE_FAILED' ? blockedBy.length > 0 : blockedBy.includes(problem ?? '');
}

export const missInWords = ({ fault, world, cluster, told }: Miss): string => `${fault}: ${world}${cluster === '' ? '' : `, ${cluster}`}: ${told}`;

/** What was wrong about one world. */
export function missesOf(run: TruthRun): Miss[] {
  const misses: Miss[] = [];
  const miss = (fault: Fault, cluster: string, told: string) => misses.push({ fault, world: run.world, cluster, told });
  const ran = run.status === 'COMPLETED' || run.status === 'COMPLETED_WITH_EXCEPTIONS';
  if (!ran && run.status !== 'FAILED') miss('NO_END', '', `${run.status} ${run.problem ?? ''}`);
  if (ran && run.blockedBy.length > 0) miss('FALSE_BLOCK', '', `foretold ${run.blockedBy.join(', ')}, and it ran`);
  if (!ran && run.status === 'FAILED' && !blockForetold(run)) miss('UNFORESEEN_BLOCK', '', `foretold ${run.blockedBy.join(', ') || 'nothing'}, ended by ${run.problem ?? '-'}: ${run.why}`);
  if (run.blockedBy.length > 0) return misses;
  for (const one of run.cases) {
    const fault = faultOf(one, ran);
    if (fault !== null) miss(fault, one.cluster, inWords(one));
  }
  return misses;
}

function faultOf(one: TruthCase, ran: boolean): Fault | null {
  const { happened, verdict } = one;
  if (isPromise(one) && !happened.back) return 'FALSE_READY';
  if (verdict === 'NOT_READY' && happened.back) return 'FALSE_NOT_READY';
  if (!ran) return null;
  if (one.origin === 'IMPORTED' && saysBack(one.outcome) !== happened.back) return 'SERVICE_DISAGREES';
  // A doubt about what the import meets first leaves the reason open.
  if (verdict === 'NOT_READY' && one.predicted !== null && (one.predicted !== one.outcome || !bornOut(one.predicted, one))) return 'WRONG_REASON';
  return null;
}

/** Where the failover could run: how the clusters with one verdict and code came back. */
interface Row { readonly verdict: string; readonly code: string; readonly outcomes: Map<string, number> }

/** Adds up what the worlds tell. */
export class Tally {
  private readonly rows = new Map<string, Row>();
  private readonly misses: Miss[] = [];
  private worlds = 0;
  private blocked = 0;
  private cases = 0;
  private notReady = 0;
  private open = 0;

  /** @returns what was wrong about it */
  add(run: TruthRun): readonly Miss[] {
    this.worlds++;
    const misses = missesOf(run);
    this.misses.push(...misses);
    if (run.status === 'FAILED') this.blocked++;
    const ran = run.status !== 'FAILED';
    for (const one of run.cases) {
      this.cases++;
      if (one.verdict === 'NOT_READY' && run.blockedBy.length === 0) this.notReady++;
      if (one.verdict === 'NOT_READY' && ran && one.predicted === null) this.open++;
      const key = `${one.verdict} ${one.code ?? '-'}`;
      const row: Row = this.rows.get(key) ?? { verdict: one.verdict, code: one.code ?? '-', outcomes: new Map<string, number>() };
      this.rows.set(key, row);
      const outcome = !ran ? 'failover could not run' : one.happened.back ? 'back' : (one.outcome ?? 'no outcome');
      row.outcomes.set(outcome, (row.outcomes.get(outcome) ?? 0) + 1);
    }
    return misses;
  }

  /** A world that could not be played to its end. */
  addBroken(world: string, why: string): readonly Miss[] {
    this.worlds++;
    const miss: Miss = { fault: 'NO_END', world, cluster: '', told: why };
    this.misses.push(miss);
    return [miss];
  }

  count(fault: Fault): number {
    return this.misses.filter((miss) => miss.fault === fault).length;
  }

  get played(): number {
    return this.worlds;
  }

  /** Faults beside the three that are about a cluster's verdict. */
  get others(): number {
    return this.misses.filter(({ fault }) => fault !== 'FALSE_READY' && fault !== 'FALSE_NOT_READY' && fault !== 'WRONG_REASON').length;
  }

  get passed(): boolean {
    const rare = (fault: Fault): boolean => this.count(fault) <= this.notReady * TOLERATED;
    const none: readonly Fault[] = ['FALSE_READY', 'UNFORESEEN_BLOCK', 'FALSE_BLOCK', 'SERVICE_DISAGREES', 'NO_END'];
    return none.every((fault) => this.count(fault) === 0) && rare('FALSE_NOT_READY') && rare('WRONG_REASON');
  }

  /** For people. */
  report(): string {
    const weight = ['READY', 'AT_RISK', 'UNKNOWN', 'NOT_READY', 'NOT_NEEDED'];
    const rows = [...this.rows.values()].sort((a, b) => weight.indexOf(a.verdict) - weight.indexOf(b.verdict) || (a.code < b.code ? -1 : 1));
    const lines = rows.map(({ verdict, code, outcomes }) => {
      const came = [...outcomes].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${outcome} ${count}`).join(', ');
      return `  ${verdict.padEnd(10)} ${code.padEnd(24)} ${came}`;
    });
    const rate = (fault: Fault): string => `${this.count(fault)} (${this.notReady === 0 ? '0.00' : ((this.count(fault) / this.notReady) * 100).toFixed(2)} % of ${this.notReady})`;
    return [
      `${this.worlds} worlds, ${this.cases} clusters; in ${this.blocked} worlds the failover could not run`, '  foretold, and what came:', ...lines,
      `  false READY          ${this.count('FALSE_READY')}`,
      `  false NOT_READY      ${rate('FALSE_NOT_READY')}`,
      `  wrong reason         ${rate('WRONG_REASON')}`,
      `  reason left open     ${this.open}`,
      `  plan: not foretold   ${this.count('UNFORESEEN_BLOCK')}, foretold in vain ${this.count('FALSE_BLOCK')}`,
      `  failover disagrees   ${this.count('SERVICE_DISAGREES')}`,
      `  worlds without end   ${this.count('NO_END')}`,
      '',
    ].join('\n');
  }
}
