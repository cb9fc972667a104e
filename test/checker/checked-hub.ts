import type { HubClient, HubConnection } from '../../src/kube/hub-client.js';
import type { KubeObject, ObjectRef, ResourceType } from '../../src/kube/kube.types.js';
import type { OwnFault } from './schedule.js';

/** What a change writes: the kind says the rest. */
export type Content = Omit<KubeObject, 'apiVersion' | 'kind'>;

export type End = () => Promise<void> | void;

/** The hub of a world: what any hub can be made to do and to suffer. Steps come one after another. */
export interface CheckedHub {
  /** Past every fault; another one after a restart */
  readonly direct: HubClient;
  /** Where workers reach it */
  connection(): HubConnection;
  /** Makes an object or puts another in its place. @returns false where the hub does not serve the kind now */
  put(type: ResourceType, content: Content): Promise<boolean>;
  remove(type: ResourceType, ref: ObjectRef): Promise<void>;
  /** A kind vanishes or comes back; its objects stay. */
  serve(type: ResourceType, on: boolean): Promise<void>;
  /** Gone for whoever is not direct, until reconnect() */
  cutOff(mode: 'refuse' | 'hang'): Promise<void>;
  reconnect(): Promise<void>;
  /** Forgets its history up to now. */
  compact(): Promise<void>;
  /** Keeps the state of now for setBack(). */
  checkpoint(): Promise<void>;
  /** Its etcd is restored from the checkpoint: objects and resourceVersions go back. */
  setBack(): Promise<void>;
  /** A fault that only such a hub can make. @returns what ends it */
  befall(fault: OwnFault): Promise<End>;
  /** Nothing of its own goes wrong any more, and every kind is served. */
  calm(): Promise<void>;
  close(): Promise<void>;
}
