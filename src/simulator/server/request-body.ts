import { parse as parseYaml } from 'yaml';
import { badRequest, unsupportedMediaType } from '../store/api-status.js';
import type { Kind } from '../store/kinds.js';
import type { PatchType } from '../store/registry.types.js';
import type { HttpExchange } from './http-exchange.js';

const PATCH_TYPES: Readonly<Record<string, PatchType | 'apply'>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};
const BODY_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

const mediaType = (exchange: HttpExchange): string => (exchange.header('content-type') ?? '').split(';')[0]?.trim() ?? '';

/** @throws ApiStatusError 415 where the kind takes no such patch */
export function patchTypeOf(exchange: HttpExchange, kind: Kind): PatchType | 'apply' {
  const type = PATCH_TYPES[mediaType(exchange)];
  if (type && !(type === 'strategic' && kind.nature === 'custom')) return type;
  throw unsupportedMediaType(Object.keys(PATCH_TYPES).filter((each) => kind.nature === 'builtin' || PATCH_TYPES[each] !== 'strategic'));
}

/** A create's or update's object, not yet checked. @throws ApiStatusError 400, 413, 415 */
export async function readObject(exchange: HttpExchange, kind: Kind): Promise<unknown> {
  const type = mediaType(exchange) || 'application/json';
  if (type !== 'application/json' && type !== 'application/yaml') throw unsupportedMediaType(BODY_TYPES);
  const text = (await exchange.body()).toString();
  try {
    return type === 'application/yaml' ? (parseYaml(text) as unknown) : JSON.parse(text);
  } catch {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: unexpected end of JSON input (${text.slice(0, 30)})`,
    );
  }
}

/** @throws ApiStatusError 400, 413 */
export async function readPatch(exchange: HttpExchange): Promise<unknown> {
  const text = (await exchange.body()).toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    if (mediaType(exchange) !== 'application/apply-patch+yaml') throw badRequest('error decoding patch: unexpected end of JSON input');
  }
  try {
    return parseYaml(text) as unknown;
  } catch (cause) {
    throw badRequest(`error decoding YAML: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''}`);
  }
}

/** What a DELETE may carry; an empty object where it carries nothing. */
export async function readDeleteOptions(exchange: HttpExchange): Promise<unknown> {
  const text = (await exchange.body()).toString();
  if (!text) return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest(`couldn't get version/kind; json parse error: unexpected end of JSON input`);
  }
}
