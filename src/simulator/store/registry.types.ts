import type { StoredObject } from './stored-object.js';

export interface WriteContext {
  readonly user: string;
  readonly fieldManager: string;
  readonly subresource: 'status' | null;
  readonly dryRun: boolean;
}

export interface ApplyContext extends WriteContext {
  readonly force: boolean;
}

export interface DeleteRequest {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
}

export interface DeleteResult {
  readonly object: StoredObject;
  /** false: finalizers hold it, or it is a namespace on its way out */
  readonly gone: boolean;
}

export type PatchType = 'merge' | 'json' | 'strategic';
