import type { V1Status } from '@kubernetes/client-node';
import { KubeError, type KubeErrorCode } from './kube-error.js';
import type { KubeObject, ListPage, ManagedFieldsEntry, ObjectMeta, OwnerReference, ProxiedAnswer, ResourceType } from './kube.types.js';
import { apiVersionOf } from './paths.js';
import { refusalOf } from './refusal.rules.js';

const MAX_MESSAGE_LENGTH = 300;
/** A hub that asks for more is not obeyed: it would silence itself for good. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A hub's words, made fit for a log line and a ticket: one line, bounded, no control or direction characters. */
export function boundedText(text: string, maxLength = MAX_MESSAGE_LENGTH): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`;
}

/**
 * Milliseconds from a Retry-After header: seconds, or a date, which is read against the answer's own Date
 * so that no clock of ours matters. null if it is absent or cannot be read.
 */
export function retryAfterMs(retryAfter: string | undefined, date: string | undefined): number | null {
  if (retryAfter === undefined) return null;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.parse(date ?? '');
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : null;
}

function codeOf(status: number, reason: string | undefined): KubeErrorCode {
  if (reason === 'Expired' || reason === 'Gone') return 'KUBE_GONE';
  switch (status) {
    case 401: return 'HUB_UNAUTHORIZED';
    case 403: return 'HUB_FORBIDDEN';
    case 404: return 'KUBE_NOT_FOUND';
    case 408: case 504: return 'HUB_TIMEOUT';
    case 409: return reason === 'AlreadyExists' ? 'KUBE_ALREADY_EXISTS' : 'KUBE_CONFLICT';
    case 410: return 'KUBE_GONE';
    case 429: return 'HUB_BUSY_THROTTLED';
    default: return status >= 500 ? 'HUB_SERVER_ERROR' : 'KUBE_INVALID';
  }
}

export interface Failure {
  /** What was asked, e.g. `get secrets c1/token` */
  readonly what: string;
  readonly status: number;
  /** The parsed answer, if it was JSON at all */
  readonly answer: unknown;
  readonly retryAfterMs: number | null;
  /** The hub's words are left out: they may quote what was sent */
  readonly hideMessage: boolean;
  /** Takes the credential out of the hub's words, should it send them back */
  readonly mask: (text: string) => string;
}

/** Turns a refusal into the typed error: code by status and reason, words only from a Kubernetes Status. */
export function failureOf(failure: Failure): KubeError {
  const status = isRecord(failure.answer) && failure.answer['kind'] === 'Status' ? (failure.answer as Partial<V1Status>) : {};
  const reason = typeof status.reason === 'string' && /^[A-Za-z]{1,60}$/.test(status.reason) ? status.reason : undefined;
  const refusal = refusalOf(failure.status, status);
  const own = typeof status.message === 'string' ? boundedText(failure.mask(status.message)) : '';
  const words = failure.hideMessage ? (refusal?.words ?? '') : own;
  const seconds = isRecord(status.details) ? status.details['retryAfterSeconds'] : undefined;
  const retryAfter = failure.retryAfterMs ?? (Number.isInteger(seconds) && (seconds as number) > 0 ? retryAfterMs(String(seconds), undefined) : null);
  const message = `${failure.what}: HTTP ${failure.status}${reason === undefined ? '' : ` ${reason}`}${words === '' ? '' : `: ${words}`}`;
  return new KubeError(codeOf(failure.status, reason), message, { status: failure.status, reason: reason ?? null, ...(refusal === null ? {} : { refusal: refusal.is }) }, retryAfter);
}

/** Of an answer that came through a proxy. @param answer the parsed body, if it was JSON at all */
export function proxiedAnswer(status: number, answer: unknown, mask: (text: string) => string): ProxiedAnswer {
  const told = isRecord(answer) && answer['kind'] === 'Status' ? (answer as Partial<V1Status>) : {};
  const words = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? boundedText(mask(value)) : null);
  const details: JsonRecord = isRecord(told.details) ? told.details : {};
  return { status, reason: words(told.reason), message: words(told.message), kind: words(details['kind']), name: words(details['name']) };
}

export function malformed(what: string, problem: string): KubeError {
  return new KubeError('HUB_ANSWER_MALFORMED', `${what}: ${problem}`);
}

export function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw malformed(what, 'the answer is not JSON');
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

function textMap(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, item]) => isText(item)) ? (value as Record<string, string>) : Object.fromEntries(entries.filter(([, item]) => isText(item))) as Record<string, string>;
}

function isOwnerReference(value: unknown): value is OwnerReference {
  return isRecord(value) && isText(value['apiVersion']) && isText(value['kind']) && isText(value['name']) && isText(value['uid']);
}

const optionalTexts = ['namespace', 'generateName', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp'] as const;

/** Metadata with every field of the type that it claims; what is of another type is left out. */
function metadataOf(what: string, value: unknown): ObjectMeta {
  if (!isRecord(value) || !isText(value['name']) || value['name'] === '') throw malformed(what, 'the answer holds an object without a name');
  const metadata: ObjectMeta = { name: value['name'] };
  for (const key of optionalTexts) {
    const text = value[key];
    if (isText(text)) metadata[key] = text;
  }
  if (Number.isInteger(value['generation'])) metadata.generation = value['generation'] as number;
  const labels = textMap(value['labels']);
  if (labels !== undefined) metadata.labels = labels;
  const annotations = textMap(value['annotations']);
  if (annotations !== undefined) metadata.annotations = annotations;
  if (Array.isArray(value['ownerReferences'])) metadata.ownerReferences = value['ownerReferences'].filter(isOwnerReference);
  if (Array.isArray(value['finalizers'])) metadata.finalizers = value['finalizers'].filter(isText);
  if (Array.isArray(value['managedFields'])) metadata.managedFields = value['managedFields'].filter(isRecord) as ManagedFieldsEntry[];
  return metadata;
}

/**
 * An object of the kind that was asked for. Items of built-in lists bear no kind, and metadata-only answers bear
 * another: both come out with their own.
 */
export function objectOf(what: string, type: ResourceType, value: unknown, metadataOnly: boolean): KubeObject {
  if (!isRecord(value)) throw malformed(what, 'the answer holds something that is no object');
  const expectedKind = metadataOnly ? 'PartialObjectMetadata' : type.kind;
  if (value['kind'] !== undefined && value['kind'] !== expectedKind) throw malformed(what, `the answer holds another kind than ${expectedKind}`);
  const metadata = metadataOf(what, value['metadata']);
  const { data, stringData: _writeOnly, type: secretType, ...rest } = metadataOnly ? {} : value;
  const object: KubeObject = { ...rest, apiVersion: apiVersionOf(type), kind: type.kind, metadata };
  const values = textMap(data);
  if (values !== undefined) object.data = values;
  if (isText(secretType)) object.type = secretType;
  return object;
}

export function pageOf(what: string, type: ResourceType, value: unknown, metadataOnly: boolean): ListPage {
  const expectedKind = metadataOnly ? 'PartialObjectMetadataList' : `${type.kind}List`;
  if (!isRecord(value) || value['kind'] !== expectedKind) throw malformed(what, `the answer is no ${expectedKind}`);
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const items = value['items'] ?? [];
  if (!Array.isArray(items)) throw malformed(what, 'the list has no items');
  const { resourceVersion, continue: next } = metadata;
  if (!isText(resourceVersion)) throw malformed(what, 'the list has no version');
  return { items: items.map((item) => objectOf(what, type, item, metadataOnly)), resourceVersion, continueToken: isText(next) && next !== '' ? next : null };
}
