import { ApiStatusError, badRequest, invalidOptions } from '../store/api-status.js';
import type { Collection, Selectors } from '../store/collection.js';
import { isRecord } from '../store/deep-equal.js';
import { FieldSelector } from '../store/field-selector.js';
import { LabelSelector } from '../store/label-selector.js';
import type { DeleteRequest, WriteContext } from '../store/registry.types.js';
import type { HttpExchange } from './http-exchange.js';
import type { Identity } from './identities.js';
import type { LedgerEntry } from './ledger.js';
import type { RequestTarget } from './request-target.js';

/** @throws ApiStatusError 400 where one cannot be parsed */
export function selectorsOf(exchange: HttpExchange, collection: Collection, { namespace, name }: RequestTarget): Selectors {
  const named = name === null ? null : `metadata.name=${name}`;
  return {
    namespace,
    labels: LabelSelector.parse(exchange.parameter('labelSelector')),
    fields: FieldSelector.parse(named ?? exchange.parameter('fieldSelector'), collection.kind),
  };
}

export interface ListRequest {
  /** 0: all */
  readonly limit: number;
  /** 0: any */
  readonly revision: number;
  readonly exact: boolean;
  readonly continueToken: string | null;
}

/** @throws ApiStatusError 400, 422 */
export function listRequest(exchange: HttpExchange): ListRequest {
  const asked = exchange.parameter('resourceVersion');
  const match = exchange.parameter('resourceVersionMatch');
  const continueToken = exchange.parameter('continue');
  if (match && match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueNotSupported', `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`);
  }
  if (match && !asked) throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueForbidden', 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && asked === '0') {
    throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueForbidden', 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (continueToken && asked && asked !== '0') throw badRequest('specifying resource version is not allowed when using continue');
  return { limit: whole(exchange, 'limit'), revision: revisionOf(asked), exact: match === 'Exact', continueToken };
}

export interface WatchRequest {
  /** null: from now on */
  readonly since: number | null;
  /** Whether the watch begins with what exists now; `marked`: and says where that ends */
  readonly initial: 'plain' | 'marked' | null;
  readonly bookmarks: boolean;
  /** null: the server's own choice */
  readonly timeoutSeconds: number | null;
}

/** @param watchList whether the server offers sendInitialEvents. @throws ApiStatusError 400, 422 */
export function watchRequest(exchange: HttpExchange, watchList: boolean): WatchRequest {
  const asked = exchange.parameter('resourceVersion');
  const bookmarks = exchange.flag('allowWatchBookmarks');
  const fromNow = asked === null || asked === '0';
  return {
    since: fromNow ? null : watchRevision(asked),
    initial: initialEvents(exchange, watchList, fromNow, bookmarks),
    bookmarks,
    timeoutSeconds: whole(exchange, 'timeoutSeconds') || null,
  };
}

function initialEvents(exchange: HttpExchange, watchList: boolean, fromNow: boolean, bookmarks: boolean): WatchRequest['initial'] {
  const wanted = exchange.parameter('sendInitialEvents');
  if (wanted === null) {
    if (!exchange.parameter('resourceVersionMatch')) return fromNow ? 'plain' : null;
    throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueForbidden', 'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  if (!watchList) {
    throw invalidOptions('ListOptions', 'sendInitialEvents', 'FieldValueForbidden', 'Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
  }
  if (exchange.parameter('resourceVersionMatch') !== 'NotOlderThan') {
    throw invalidOptions('ListOptions', 'resourceVersionMatch', 'FieldValueForbidden', 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (wanted !== 'true') return null;
  return bookmarks ? 'marked' : 'plain';
}

function whole(exchange: HttpExchange, name: string): number {
  const text = exchange.parameter(name);
  if (text === null) return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A watch answers 500 where a list answers 400. */
function watchRevision(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new ApiStatusError(500, '', `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function revisionOf(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const OPTIONS_KIND: Readonly<Record<LedgerEntry['verb'], string>> = {
  create: 'CreateOptions', update: 'UpdateOptions', patch: 'PatchOptions', apply: 'PatchOptions', delete: 'DeleteOptions', deletecollection: 'DeleteOptions',
};

/** @throws ApiStatusError 422 */
export function writeContext(exchange: HttpExchange, identity: Identity, verb: LedgerEntry['verb'], { subresource }: RequestTarget): WriteContext {
  const named = exchange.parameter('fieldManager');
  if (verb === 'apply' && !named) throw invalidOptions('PatchOptions', 'fieldManager', 'FieldValueRequired', 'Required value: is required for apply patch');
  const dryRun = exchange.parameter('dryRun');
  if (dryRun !== null && dryRun !== 'All') throw invalidOptions(OPTIONS_KIND[verb], 'dryRun', 'FieldValueNotSupported', `Unsupported value: [${JSON.stringify(dryRun)}]: supported values: "All"`);
  // As apiserver's managerOrUserAgent: what comes before the first slash.
  const fromAgent = (exchange.header('user-agent') ?? '').split('/')[0]?.slice(0, 128) || 'unknown';
  return { user: identity.user, fieldManager: named ?? fromAgent, subresource: subresource === 'status' ? 'status' : null, dryRun: dryRun === 'All' };
}

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/** @throws ApiStatusError 422 */
export function deleteRequest(exchange: HttpExchange, body: unknown): DeleteRequest {
  const options = isRecord(body) ? body : {};
  const preconditions = isRecord(options['preconditions']) ? options['preconditions'] : {};
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const policy = text(options['propagationPolicy']) ?? exchange.parameter('propagationPolicy') ?? undefined;
  const known = POLICIES.find((each) => each === policy);
  if (policy !== undefined && !known) {
    throw invalidOptions('DeleteOptions', 'propagationPolicy', 'FieldValueNotSupported', `Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`);
  }
  return { uid: text(preconditions['uid']), resourceVersion: text(preconditions['resourceVersion']), propagationPolicy: known };
}

export const tooLarge = (wanted: number, current: number): ApiStatusError =>
  new ApiStatusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1,
  });
