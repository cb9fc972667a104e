import { notAcceptable } from '../store/api-status.js';
import type { Representation } from '../store/stored-object.js';

const ACCEPTED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

function rangesOf(accept: string): MediaRange[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    return { type: type.toLowerCase(), parameters: Object.fromEntries(parameters.map((each) => each.split('=', 2) as [string, string])) };
  });
}

/**
 * Which representation an Accept header asks for: the first that this server can give, which is JSON alone.
 * @throws ApiStatusError 406
 */
export function negotiate(accept: string | undefined): Representation {
  for (const { type, parameters } of rangesOf(accept || '*/*')) {
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const as = parameters['as'];
    if (as === undefined) return 'full';
    const known = parameters['g'] === 'meta.k8s.io' && parameters['v'] === 'v1' && (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList');
    if (known) return 'metadata';
  }
  throw notAcceptable(ACCEPTED);
}
