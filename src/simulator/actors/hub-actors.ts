import type { HubClient } from '../../kube/hub-client.js';
import { InformerSet } from '../informer.js';
import { SeededRandom } from '../store/random.js';
import type { Clock } from '../../common/clock.js';
import type { Bucket } from '../bucket/bucket.js';
import type { Actor } from './actor.js';
import { AddOnManagerActor } from './add-on-manager.actor.js';
import { BackupScheduleActor } from './backup-schedule.actor.js';
import type { ClusterRegistry } from './clusters.js';
import { GarbageCollectorActor } from './garbage-collector.actor.js';
import type { HubEnv, Release } from './hub-env.js';
import { HubOperatorsActor } from './hub-operators.actor.js';
import { ImportControllerActor } from './import-controller.actor.js';
import { ImportKeeperActor } from './import-keeper.actor.js';
import { KlusterletActor } from './klusterlet.actor.js';
import { RestoreActor } from './restore.actor.js';
import type { Switches } from './switches.js';
import { Timekeeper } from './timekeeper.js';
import type { Timings } from './timings.js';
import { TokenAgentActor } from './token-agent.actor.js';
import { VeleroBackupsActor } from './velero-backups.actor.js';
import { VeleroDownloadsActor } from './velero-downloads.actor.js';
import { VeleroRestoresActor } from './velero-restores.actor.js';

export interface HubActorsOptions {
  readonly name: string;
  readonly clusterId: string;
  readonly client: HubClient;
  readonly clock: Clock;
  readonly clusters: ClusterRegistry;
  readonly bucket: Bucket;
  readonly timings: Timings;
  readonly switches: Switches;
  readonly seed: number;
  readonly release: Release;
  /** `off`: the backup operator leaves accounts, works and labels to others */
  readonly tokens: 'operator' | 'off';
  readonly withoutVeleroDeployment: boolean;
  /** Where no garbage collector runs: a bare kube-apiserver */
  readonly garbageCollector: boolean;
  /** Default 16 */
  readonly writers?: number;
  readonly onError?: (actor: string, key: string, error: unknown) => void;
}

/** Everything that runs on one hub, over its Kubernetes API alone. May be stopped and started again: it then knows only what the hub shows. */
export class HubActors {
  private running: { readonly env: HubEnv; readonly actors: readonly Actor[]; readonly opened: Promise<void> } | null = null;

  constructor(private readonly options: HubActorsOptions) {}

  /** Resolves when every kind has been listed and work has begun. */
  async start(): Promise<void> {
    if (!this.running) {
      const env = this.environment();
      const actors = this.cast(env);
      for (const actor of actors) actor.subscribe();
      env.time.start();
      env.informers.start();
      const opened = env.informers.ready().then(() => {
        for (const actor of actors) actor.open();
      });
      this.running = { env, actors, opened };
    }
    await this.running.opened;
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (!running) return;
    this.running = null;
    running.env.time.stop();
    await Promise.all([running.env.informers.stop(), ...running.actors.map((actor) => actor.stop())]);
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** Nobody has work at hand; what waits for the clock does not count. */
  get isIdle(): boolean {
    return this.running?.actors.every((actor) => actor.isIdle) ?? true;
  }

  /** Everybody looks at the clock at once; where a world's time is moved by hand, nobody need look by himself. */
  look(): void {
    this.running?.env.time.look();
  }

  /** The earliest moment of the clock that anybody here waits for, in milliseconds since 1970; null: nobody does. */
  get nextDueMs(): number | null {
    return this.running?.env.time.nextDueMs ?? null;
  }

  private environment(): HubEnv {
    const { options } = this;
    const onError = options.onError ?? (() => undefined);
    return {
      name: options.name,
      clusterId: options.clusterId,
      client: options.client,
      informers: new InformerSet(options.client, (error) => onError('informer', '', error)),
      time: new Timekeeper(options.clock, options.timings.lookEveryMs),
      timings: options.timings,
      switches: options.switches,
      random: new SeededRandom(options.seed),
      clusters: options.clusters,
      bucket: options.bucket,
      writers: options.writers ?? 16,
      release: options.release,
      onError,
    };
  }

  private cast(env: HubEnv): Actor[] {
    return [
      new HubOperatorsActor(env, this.options),
      new KlusterletActor(env),
      new AddOnManagerActor(env),
      new TokenAgentActor(env),
      new ImportKeeperActor(env),
      new ImportControllerActor(env),
      new BackupScheduleActor(env, this.options),
      new RestoreActor(env),
      new VeleroBackupsActor(env),
      new VeleroRestoresActor(env),
      new VeleroDownloadsActor(env),
      ...(this.options.garbageCollector ? [new GarbageCollectorActor(env)] : []),
    ];
  }
}
