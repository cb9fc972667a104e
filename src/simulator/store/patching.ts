import jsonPatch, { type Operation } from 'fast-json-patch';
import { ApiStatusError, badRequest } from './api-status.js';
import { isRecord } from './deep-equal.js';
import { mergePatch } from './merge-patch.js';
import type { PatchType } from './registry.types.js';

/**
 * The document after the patch; the document itself is not changed. Strategic merge patches are treated as merge patches: lists are replaced.
 * @throws ApiStatusError 400 where the patch is none, 422 where it does not fit the document
 */
export function patched(type: PatchType, document: object, patch: unknown): unknown {
  if (type !== 'json') {
    if (!isRecord(patch)) throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(patch)} into Go value of type map[string]interface {}`);
    return mergePatch(document, patch);
  }
  if (!Array.isArray(patch)) throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(patch)} into Go value of type []handlers.jsonPatchOp`);
  try {
    return jsonPatch.applyPatch(document, patch as Operation[], true, false).newDocument;
  } catch {
    // Why it does not fit is not told by kube-apiserver either.
    throw new ApiStatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
