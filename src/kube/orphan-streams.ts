import { channel } from 'node:diagnostics_channel';
import { constants, type ClientHttp2Stream } from 'node:http2';

const isClientStream = (value: unknown): value is ClientHttp2Stream => typeof value === 'object' && value !== null && 'close' in value && 'on' in value;

/** On the channel itself, which is the process's own, as this module may not be: a test runner loads it again and again. */
const WATCHED = Symbol.for('lifeboat.orphan-streams');

/**
 * Where the answer to a stream arrives that its owner has just destroyed, Node makes a new stream for it, as for a server's push. Nobody knows
 * that one, and when its connection fails, its `error` event ends the process: seen whenever a process has stood still beyond a deadline.
 * Here every stream has a listener from its birth, and one that nobody asked for is closed.
 */
export function adoptOrphanStreams(): void {
  const created = channel('http2.client.stream.created');
  if (WATCHED in created) return;
  Object.defineProperty(created, WATCHED, { value: true });
  created.subscribe((message) => {
    const { stream, headers } = message as { stream?: unknown; headers?: Readonly<Record<string, unknown>> };
    if (!isClientStream(stream)) return;
    stream.on('error', () => undefined); // whoever asked for the stream hears it too
    // Born of an answer, not of a request
    if (headers?.[':status'] !== undefined) stream.close(constants.NGHTTP2_CANCEL);
  });
}
