import { failureOf, isRecord, malformed, objectOf, parseJson } from './answer.js';
import { KubeError } from './kube-error.js';
import type { ResourceType, WatchEvent } from './kube.types.js';

const NEWLINE = 0x0a;

/**
 * Splits a stream into lines without ever holding more than one line and one chunk.
 * @throws KubeError HUB_ANSWER_TOO_LARGE for a line over `maxBytes`
 */
export async function* linesOf(what: string, chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      held += end - from;
      if (held > maxBytes) throw tooLarge(what, maxBytes);
      yield Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8');
      parts = [];
      held = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      held += chunk.length - from;
      if (held > maxBytes) throw tooLarge(what, maxBytes);
      parts.push(chunk.subarray(from));
    }
  }
  // A last line without its end is an event that was cut: the watch that follows brings it whole.
}

function tooLarge(what: string, maxBytes: number): KubeError {
  return new KubeError('HUB_ANSWER_TOO_LARGE', `${what}: a line is over ${maxBytes} bytes`, { maxBytes });
}

/**
 * One line of a watch. A hub reports its own trouble inside the stream too, after HTTP 200.
 * @throws KubeError by the Status that an ERROR event carries; HUB_ANSWER_MALFORMED for anything unknown
 */
export function watchEventOf(what: string, type: ResourceType, line: string, metadataOnly: boolean, mask: (text: string) => string): WatchEvent {
  const event = parseJson(what, line);
  if (!isRecord(event)) throw malformed(what, 'the watch sent something that is no event');
  switch (event['type']) {
    case 'ADDED': case 'MODIFIED': case 'DELETED':
      return { type: event['type'], object: objectOf(what, type, event['object'], metadataOnly) };
    case 'BOOKMARK': {
      const version = isRecord(event['object']) && isRecord(event['object']['metadata']) ? event['object']['metadata']['resourceVersion'] : undefined;
      if (typeof version !== 'string') throw malformed(what, 'the watch sent a bookmark without a version');
      return { type: 'BOOKMARK', resourceVersion: version };
    }
    case 'ERROR': {
      const code = isRecord(event['object']) ? event['object']['code'] : undefined;
      const status = typeof code === 'number' && code >= 400 && code <= 599 ? code : 500;
      throw failureOf({ what, status, answer: event['object'], retryAfterMs: null, hideMessage: false, mask });
    }
    default:
      throw malformed(what, 'the watch sent an event of an unknown type');
  }
}
