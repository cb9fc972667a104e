import type { ClusterOrigin } from '../../fleet/fleet.types.js';
import type { Fencing } from '../../hubs/hubs.types.js';
import type { ClusterVerdict } from '../../readiness/readiness.types.js';
import type { ImportOutcomeCode, ImportState } from '../imports/imports.types.js';
import type { RestoreRecord } from '../restores/restores.types.js';
import type { Approval, Failover, FailoverProblem, FailoverStatus, FailoverStep, FailoverStepName, PinnedContent, StepFacts, StepResult } from './failovers.types.js';

/** An event to be appended; the machine's own where no actor is named. */
export interface Note {
  readonly type: string;
  /** One line, ready as a work note */
  readonly summary: string;
  readonly data?: StepFacts;
  readonly actor?: string;
}

export interface NewImport {
  readonly cluster: string;
  readonly origin: ClusterOrigin;
  readonly predictedVerdict: ClusterVerdict;
  readonly predictedCode: string | null;
  readonly knownBefore: boolean;
}

/** An import as the machine keeps it. */
export interface ImportRow extends NewImport {
  readonly state: ImportState;
  readonly outcomeCode: ImportOutcomeCode | null;
  readonly message: string | null;
  readonly suppliedApiUrl: string | null;
  readonly account: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: Date | null;
  readonly firstAttemptAt: Date | null;
  readonly finishedAt: Date | null;
}

/** What changes of an import; the cluster's row is named, the rest is what it shall be. */
export type ImportUpdate = Pick<ImportRow, 'cluster' | 'state' | 'outcomeCode' | 'message' | 'account' | 'attempts' | 'nextAttemptAt' | 'firstAttemptAt' | 'finishedAt'>;

/** Everything of a restore's row that the machine knows. */
export type RestoreWrite = Omit<RestoreRecord, 'id' | 'failoverId'>;

/** Everything that one transaction of the machine may write. */
export interface MachineWrite {
  readonly to?: FailoverStatus;
  /** Of the present step. `over`: the pass has ended in an orderly way, so its worker did not crash */
  readonly step?: { readonly intent?: StepFacts | null; readonly outcome?: StepFacts; readonly result?: StepResult; readonly over?: boolean };
  readonly set?: {
    readonly pinned?: PinnedContent;
    readonly contentHash?: string;
    readonly setId?: string;
    readonly approvedAt?: Date;
    readonly problem?: FailoverProblem | null;
    readonly needsAttention?: boolean;
  };
  /** null: nobody needs to look by itself */
  readonly nextLookAt?: Date | null;
  readonly notes?: readonly Note[];
  /** Replace all imports of the failover */
  readonly predictions?: readonly NewImport[];
  /** Add those that are not there yet */
  readonly newImports?: readonly NewImport[];
  readonly imports?: readonly ImportUpdate[];
  readonly restore?: RestoreWrite;
  readonly fencing?: { readonly hubId: string; readonly to: Fencing };
}

interface MachineHub {
  readonly id: string;
  readonly name: string;
  readonly clusterId: string | null;
  readonly fencing: Fencing;
}

/** A failover with all that its steps decide on. */
export interface MachineFailover extends Failover {
  readonly plan: { readonly version: number; readonly archivedAt: Date | null; readonly approvalRequired: boolean; readonly importWindowSeconds: number; readonly name: string };
  readonly source: MachineHub;
  readonly target: MachineHub;
  readonly steps: ReadonlyMap<FailoverStepName, FailoverStep>;
  readonly approvals: readonly Approval[];
  /** What is on record of its Restore; null: nothing yet */
  readonly restore: RestoreWrite | null;
}

/** How a pass over a step ended. */
export type StepAnswer =
  /** Nothing to do until then, or until somebody wakes it */
  | { readonly kind: 'WAIT'; readonly lookAgainMs: number; readonly write?: MachineWrite }
  /** `lookAgainMs`: the next step begins so much later; absent: at once */
  | { readonly kind: 'NEXT'; readonly to: FailoverStatus; readonly lookAgainMs?: number; readonly result: StepResult; readonly outcome: StepFacts; readonly write?: MachineWrite }
  /** It stands still until a person retries or aborts. `forget`: the intent had no effect for certain */
  | { readonly kind: 'ATTENTION'; readonly problem: FailoverProblem; readonly forget?: boolean };

export type Intention = { readonly kind: 'INTENT'; readonly intent: StepFacts } | StepAnswer;

/** One pass over one step, by the holder of the failover's lease. */
export interface StepRun {
  readonly failover: MachineFailover;
  readonly signal: AbortSignal;
  now(): Date;
  /** Before each effect: throws LeaseLostError where another worker may act by now */
  assertHeld(): void;
  /** The effect is made: a test may let the process die here */
  effectMade(): void;
  /** Writes in between, under the lease. @throws LeaseLostError where this worker has been overtaken */
  write(write: MachineWrite): Promise<void>;
}

/**
 * What a state does. `intend` only reads, and is asked once; `act` may be repeated, or die after any line, without harm:
 * it looks first, then acts, then tells what it saw.
 */
export interface Step {
  readonly name: FailoverStepName;
  intend(run: StepRun): Promise<Intention>;
  act(run: StepRun, intent: StepFacts): Promise<StepAnswer>;
}
