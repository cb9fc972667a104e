import { channel } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { adoptOrphanStreams } from './orphan-streams.js';

adoptOrphanStreams();
adoptOrphanStreams(); // once more is no more

class FakeStream extends EventEmitter {
  readonly closedWith: number[] = [];
  close = (code: number): void => void this.closedWith.push(code);
}

/** As Node tells of it; when exactly it makes an orphan hangs on milliseconds. */
function born(headers: Record<string, unknown>): FakeStream {
  const stream = new FakeStream();
  channel('http2.client.stream.created').publish({ stream, headers });
  return stream;
}

test('a stream that is born of an answer is closed, and its error ends nothing', () => {
  const orphan = born({ ':status': 200, 'content-type': 'application/json' });
  expect(orphan.closedWith).toEqual([8]);
  expect(orphan.emit('error', new Error('the connection failed'))).toBe(true);
  expect(orphan.listenerCount('error')).toBe(1);
});

test('a stream that was asked for is left alone', () => {
  const asked = born({ ':method': 'GET', ':path': '/' });
  expect(asked.closedWith).toEqual([]);
  expect(asked.listenerCount('error')).toBe(1);
});

test('Node tells of every stream in this way', async () => {
  const server = createServer((_request, response) => void response.end('fine'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const request = session.request({ ':path': '/' });
  expect(request.listenerCount('error')).toBe(1);
  let text = '';
  for await (const chunk of request) text += String(chunk);
  expect(text).toBe('fine');
  session.close();
  server.close();
});
