import { apiVersionOf } from '../store/kinds.js';
import type { Page } from './pager.js';
import type { ResourceCall } from './resource-call.js';

export function listBody(
  { collection: { kind }, representation }: Pick<ResourceCall, 'collection' | 'representation'>,
  { items, revision, continueToken, remaining }: Page,
): string {
  const [listKind, apiVersion] = representation === 'metadata' ? ['PartialObjectMetadataList', 'meta.k8s.io/v1'] : [`${kind.kind}List`, apiVersionOf(kind)];
  // Lists of custom kinds carry an empty continue on their last page.
  const next = continueToken ?? (kind.nature === 'custom' && representation === 'full' ? '' : null);
  const metadata = { ...(next === null ? {} : { continue: next }), ...(remaining === null ? {} : { remainingItemCount: remaining }), resourceVersion: String(revision) };
  return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.map((item) => item.listItem(representation)).join(',')}]}\n`;
}
