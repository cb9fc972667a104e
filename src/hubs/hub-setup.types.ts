import type { Read } from './reading.rules.js';

/** Something that Argo CD keeps as its repository says. */
export interface GitOpsHold {
  readonly kind: string;
  readonly name: string;
  /** The application, as far as it is told */
  readonly application: string;
}

/** How a hub is set up, as far as it matters to a failover between two of them. Kept with the hub as JSON. */
export interface HubSetup {
  /** Names of the enabled components of MultiClusterEngine and MultiClusterHub */
  readonly components: Read<readonly string[]>;
  /** `autoImportStrategy`; ABSENT: the release's default */
  readonly importStrategy: Read<string>;
  /** `appliedManifestWorkEvictionGracePeriod` of the KlusterletConfig `global`; ABSENT: 60 minutes */
  readonly evictionGrace: Read<string>;
  /** Names of the MultiClusterObservabilities */
  readonly observability: Read<readonly string[]>;
  /** RHACM's own resources that Argo CD holds */
  readonly gitOps: Read<readonly GitOpsHold[]>;
  readonly hive: Read<HiveClusters>;
}

/** Clusters that Hive made, with those whose own way back is broken. */
export interface HiveClusters {
  readonly clusters: number;
  /** Without `spec.preserveOnDelete: true` */
  readonly notPreserved: readonly string[];
  /** Their kubeconfig Secret is missing, or carries no label that takes it into the backup */
  readonly kubeconfigNotInBackup: readonly string[];
}
