import { Injectable } from '@nestjs/common';
import { labels, labelValues } from '../../common/rhacm-names.js';
import { veleroLabelValue } from '../../backups/velero-name.rules.js';
import { Config } from '../../config/config.js';
import type { HubClient } from '../../kube/hub-client.js';
import { ImporterService, type OpenImport, type PlannedImport, type TargetView, type TryResult } from '../imports/importer.service.js';
import { nextPauseMs } from '../imports/import-plan.rules.js';
import type { ImportRow, ImportUpdate, NewImport, Note } from './failover-machine.types.js';

const NAMES_TOLD = 50;

export interface PassHost {
  readonly signal: AbortSignal;
  now(): Date;
  assertHeld(): void;
  effectMade(): void;
  write(write: { imports?: readonly ImportUpdate[]; newImports?: readonly NewImport[]; notes?: readonly Note[] }): Promise<void>;
}

export interface PassResult {
  readonly updates: readonly ImportUpdate[];
  readonly notes: readonly Note[];
  /** Imports that have not ended */
  readonly open: number;
}

/** One look at all imports of a failover, and what follows from it. */
@Injectable()
export class ImportPass {
  constructor(
    private readonly importer: ImporterService,
    private readonly config: Config,
  ) {}

  /**
   * @param rows those to look at; what has come back is left alone
   * @param windowEndsAt until when each of them is retried
   * @param already a look that was taken just now; absent: it is taken here
   * @throws KubeError, LeaseLostError
   */
  async run(host: PassHost, client: HubClient, rows: readonly ImportRow[], windowEndsAt: (row: ImportRow) => Date, already: TargetView | null = null): Promise<PassResult> {
    const now = host.now();
    const seen = already ?? (await this.importer.look(client, host.signal));
    const looked = rows.filter((row) => row.state !== 'RECONNECTED' && row.state !== 'NOT_NEEDED');
    const planned = this.importer.plan(looked.map((row): OpenImport => ({ ...row, ended: row.outcomeCode, windowEndsAt: windowEndsAt(row) })), seen, now);
    const byName = new Map(looked.map((row) => [row.cluster, row]));
    const updates = new Map<string, ImportUpdate>();
    for (const plan of planned) {
      const row = byName.get(plan.cluster);
      const update = row && updateOf(row, plan, now, this.config.importRetryMs);
      if (update) updates.set(plan.cluster, update);
    }
    const tries = planned.filter((plan) => plan.decision.do === 'TRY');
    if (tries.length > 0) {
      // The intent: if we die now, the next one knows that these were tried
      await host.write({ imports: tries.flatMap(({ cluster }) => updates.get(cluster) ?? []) });
      const results = await this.importer.tryAll(client, tries, seen, now, () => host.assertHeld(), host.signal);
      host.effectMade();
      for (const result of results) {
        const before = updates.get(result.cluster);
        if (before) updates.set(result.cluster, afterTry(before, result, host.now()));
      }
    }
    const changed = [...updates.values()].filter((update) => differs(byName.get(update.cluster), update));
    const after = rows.map((row) => updates.get(row.cluster) ?? row);
    return { updates: changed, notes: progress(rows, after), open: after.filter((row) => row.state === 'WAITING' || row.state === 'IMPORTING').length };
  }

  /** Clusters that a restore brought, though nobody foretold them. */
  unforeseen(seen: TargetView, rows: readonly ImportRow[], restored: readonly string[]): NewImport[] {
    const known = new Set(rows.map((row) => row.cluster));
    const values = new Set(restored.map(veleroLabelValue));
    return [...seen.clusters.values()]
      .filter((cluster) => !known.has(cluster.name) && values.has(cluster.labels[labels.veleroRestoreName] ?? ''))
      .map((cluster): NewImport => {
        const isLocal = cluster.labels[labels.localCluster] === labelValues.true;
        return { cluster: cluster.name, origin: isLocal ? 'LOCAL' : cluster.hosted ? 'HOSTED' : 'IMPORTED', predictedVerdict: 'UNKNOWN', predictedCode: null, knownBefore: false };
      });
  }

  look(client: HubClient, signal: AbortSignal): Promise<TargetView> {
    return this.importer.look(client, signal);
  }
}

function updateOf(row: ImportRow, { cluster, decision }: PlannedImport, now: Date, firstPauseMs: number): ImportUpdate | null {
  const kept = { cluster, account: row.account, attempts: row.attempts, nextAttemptAt: row.nextAttemptAt, firstAttemptAt: row.firstAttemptAt };
  switch (decision.do) {
    case 'LEAVE':
      return null;
    case 'END':
      return { ...kept, state: decision.state, outcomeCode: decision.outcome, message: decision.message, nextAttemptAt: null, finishedAt: row.outcomeCode === decision.outcome ? row.finishedAt : now };
    case 'WAIT':
      return { ...kept, state: decision.state, outcomeCode: null, message: decision.message, firstAttemptAt: row.firstAttemptAt ?? (decision.state === 'IMPORTING' ? now : null), finishedAt: null };
    case 'TRY': {
      const attempts = row.attempts + 1;
      const nextAttemptAt = new Date(now.getTime() + nextPauseMs(attempts, firstPauseMs));
      return { ...kept, state: 'IMPORTING', outcomeCode: null, message: 'Trying a token', attempts, nextAttemptAt, firstAttemptAt: row.firstAttemptAt ?? now, finishedAt: null };
    }
  }
}

function afterTry(update: ImportUpdate, result: TryResult, now: Date): ImportUpdate {
  switch (result.did) {
    case 'WROTE':
      return { ...update, account: result.account, message: `The token of ${result.account} is in the auto-import-secret` };
    case 'KEPT':
      return { ...update, account: result.account ?? update.account, message: 'The token in the auto-import-secret is the best that is there' };
    case 'END':
      return { ...update, state: 'NOT_RECONNECTED', outcomeCode: result.outcome, message: result.message, finishedAt: now };
    case 'UNKNOWN':
      return { ...update, message: result.message };
  }
}

const FIELDS = ['state', 'outcomeCode', 'message', 'account', 'attempts', 'nextAttemptAt', 'firstAttemptAt', 'finishedAt'] as const;
const differs = (row: ImportRow | undefined, update: ImportUpdate): boolean => row === undefined || FIELDS.some((field) => row[field]?.valueOf() !== update[field]?.valueOf());

type Ending = Pick<ImportRow, 'cluster' | 'state' | 'outcomeCode'>;

/** One line with the counts where any import ended, one line for each reason why some did not come back. */
function progress(before: readonly Ending[], after: readonly Ending[]): Note[] {
  const old = new Map(before.map((row) => [row.cluster, row.outcomeCode]));
  const ended = after.filter((row) => row.outcomeCode !== null && old.get(row.cluster) !== row.outcomeCode);
  if (ended.length === 0) return [];
  const count = (state: string) => after.filter((row) => row.state === state).length;
  const open = count('WAITING') + count('IMPORTING');
  const [back, left] = [count('RECONNECTED'), count('NOT_RECONNECTED')];
  const notes: Note[] = [{
    type: 'imports.progress', summary: `${back} clusters are back, ${open} are open, ${left} did not come back`, data: { reconnected: back, open, notReconnected: left, total: after.length },
  }];
  const reasons = Map.groupBy(ended.filter((row) => row.state === 'NOT_RECONNECTED'), (row) => row.outcomeCode ?? '');
  for (const [code, rows] of [...reasons].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = rows.map((row) => row.cluster).sort();
    notes.push({ type: 'imports.not_reconnected', summary: `${names.length} clusters ended with ${code}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? '…' : ''}`, data: { outcomeCode: code, count: names.length, clusters: names.slice(0, NAMES_TOLD) } });
  }
  return notes;
}
