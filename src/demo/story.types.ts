/** What the story is told before: two hubs, their clusters, and the time. */
export interface Stage {
  /** Managed clusters on hub-east, its own local cluster among them */
  readonly clusterCount: number;
  /** Imported clusters that can have no token before the first backup */
  readonly clustersWithoutToken: number;
  kubeconfig(hub: 'hub-east' | 'hub-west'): string;
  /** Some clusters go down, for every hub. @returns how many are down now, with those that were asleep all along */
  loseSomeClusters(): number;
  loseEast(): Promise<void>;
  /** So that what follows bears a later second: Kubernetes writes its times in whole ones */
  letAMomentPass(): Promise<void>;
  /** From the loss of hub-east on */
  advanceMinutes(minutes: number): Promise<void>;
}

/** The API's answers, as far as the demo looks at them. */

export interface HubView {
  readonly id: string;
  readonly name: string;
  readonly release: string | null;
  readonly clusterId: string | null;
  readonly reachability: string;
}

export interface PrerequisiteView {
  readonly code: string;
  readonly state: 'MET' | 'NOT_MET' | 'UNKNOWN';
  readonly cause: string;
  readonly remedy: string;
}

export interface Cluster {
  readonly name: string;
  readonly origin: string;
}

export interface TokenView {
  readonly cluster: string;
  readonly account: string;
  readonly secretPresent: boolean;
  readonly inBackupSelection: boolean;
  readonly problemCode: string | null;
}

export interface BeliefCounts {
  readonly verifiedIn: number;
  readonly verifiedOut: number;
  readonly inferredIn: number;
  readonly inferredOut: number;
  readonly unknown: number;
}

export interface SetView {
  readonly id: string;
  readonly credentialsBackup: string;
  readonly status: string;
  readonly shownByHubIds: readonly string[];
  readonly tokenCounts: BeliefCounts;
  readonly clusterCounts: BeliefCounts;
  readonly members: readonly { readonly record: string }[];
}

export interface PlanReadiness {
  readonly verdict: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly clustersRecoverable: number;
  readonly clustersTotal: number;
  readonly byCode: readonly { readonly code: string; readonly verdict: string; readonly count: number }[];
}

export interface ClusterVerdict {
  readonly cluster: string;
  readonly verdict: string;
  readonly code: string | null;
  readonly findings: readonly { readonly code: string; readonly cause: string }[];
}

export interface FailoverEvent {
  readonly type: string;
  readonly summary: string;
}

export interface FailoverView {
  readonly id: string;
  readonly status: string;
  readonly steps: readonly { readonly step: string; readonly result: string | null; readonly intentAt: string | null; readonly outcomeAt: string | null }[];
}

export interface ImportView {
  readonly cluster: string;
  readonly predictedVerdict: string;
  readonly predictedCode: string | null;
  readonly predictedOutcome: string | null;
  readonly state: string;
  readonly outcomeCode: string | null;
  readonly message: string | null;
}

export interface RestoreView {
  readonly name: string;
  readonly hubId: string;
  readonly mode: string;
  readonly phase: string | null;
  readonly outcome: string | null;
  readonly actor: string;
  readonly reason: string;
  readonly veleroRestores: readonly { readonly name: string; readonly phase: string | null }[];
}

/** Whether a cluster ended as readiness had said. A cluster that was to come back and was back already came back. */
export function isAsPredicted({ predictedOutcome, outcomeCode }: Pick<ImportView, 'predictedOutcome' | 'outcomeCode'>): boolean {
  const back = new Set(['RECONNECTED', 'ALREADY_AVAILABLE']);
  return predictedOutcome === outcomeCode || (back.has(predictedOutcome ?? '') && back.has(outcomeCode ?? ''));
}

/**
 * Asks until it holds.
 * @throws Error that names what was waited for
 */
export async function waitFor(holds: () => Promise<boolean>, what: string, timeoutMs = 240_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
