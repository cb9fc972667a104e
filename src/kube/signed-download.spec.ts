import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Secret } from '../common/secret.js';
import { TlsAuthority } from '../simulator/server/tls-authority.js';
import { downloadGzip, type DownloadOptions, type SignedDownload } from './signed-download.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const SIGNATURE = 'X-Amz-Signature=0123456789abcdef0123456789abcdef';
const list = gzipSync(JSON.stringify({ 'v1/Secret': ['c1/auto-import-account'] }));
const whole: Answer = (_request, response) => void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(list);
const sends = (body: Buffer, headers: Record<string, string | number> = {}): Answer => (_request, response) => void response.writeHead(200, headers).end(body);
const says = (status: number, headers: Record<string, string> = {}): Answer => (_request, response) => void response.writeHead(status, headers).end(list);

let answer: Answer = whole;
let server: Server;
let origin: string;
let asked: { url: string; headers: Record<string, unknown> }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  [answer, asked] = [whole, []];
});
afterAll(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));

async function download(change: Partial<SignedDownload> & Partial<DownloadOptions> & { address?: string } = {}): Promise<string> {
  const { address = `${origin}/bucket/b1?${SIGNATURE}`, what = 'the record of b1', caPem = null, plainHttpOrigins = [origin], ...options } = change;
  let text = '';
  await downloadGzip({ what, url: new Secret(address), caPem, plainHttpOrigins }, { allowLoopback: true, maxPackedBytes: 100_000, maxBytes: 1_000_000, deadlineMs: 5_000, ...options }, (piece) => (text += piece));
  return text;
}

test('gives what was packed, and sends nothing of ours', async () => {
  expect(JSON.parse(await download())).toEqual({ 'v1/Secret': ['c1/auto-import-account'] });
  expect(asked).toHaveLength(1);
  expect(asked[0]?.url).toBe(`/bucket/b1?${SIGNATURE}`);
  expect(Object.keys(asked[0]?.headers ?? {}).sort()).toEqual(['connection', 'host']);
});

test.each([
  { because: 'it is not there', code: 'DOWNLOAD_REFUSED', answer: says(404) },
  { because: 'the signature has run out', code: 'DOWNLOAD_REFUSED', answer: says(403) },
  { because: 'the store is ill', code: 'DOWNLOAD_REFUSED', answer: says(503) },
  { because: 'a part is none of what was asked', code: 'DOWNLOAD_REFUSED', answer: says(206) },
  { because: 'a redirect may lead anywhere', code: 'DOWNLOAD_REDIRECT_REFUSED', answer: says(302, { location: 'http://169.254.169.254/latest/meta-data/' }) },
  { because: 'a redirect to a private address', code: 'DOWNLOAD_REDIRECT_REFUSED', answer: says(307, { location: 'http://10.0.0.1/' }) },
  { because: 'it is text', code: 'DOWNLOAD_DAMAGED', answer: sends(Buffer.from('<html>log in</html>')) },
  { because: 'it is empty', code: 'DOWNLOAD_DAMAGED', answer: sends(Buffer.alloc(0)) },
  { because: 'it is cut short', code: 'DOWNLOAD_DAMAGED', answer: sends(list.subarray(0, list.length - 9)) },
  { because: 'a byte has flipped', code: 'DOWNLOAD_DAMAGED', answer: sends(Buffer.concat([list.subarray(0, 20), Buffer.from([list[20]! ^ 0xff]), list.subarray(21)])) },
  { because: 'it is no UTF-8', code: 'DOWNLOAD_DAMAGED', answer: sends(gzipSync(Buffer.from([0x7b, 0xc3, 0x28]))) },
  { because: 'it says that it is huge', code: 'DOWNLOAD_TOO_LARGE', answer: sends(Buffer.alloc(200_000), { 'content-length': 200_000 }) },
  { because: 'it goes on and on', code: 'DOWNLOAD_TOO_LARGE', answer: sends(gzipSync(Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251)), { level: 0 }), { 'transfer-encoding': 'chunked' }) },
  { because: 'a small file unpacks to a large one', code: 'DOWNLOAD_TOO_LARGE', answer: sends(gzipSync(Buffer.alloc(50_000_000, 0x20))) },
  { because: 'the connection is cut', code: 'DOWNLOAD_UNREACHABLE', answer: ((_request, response) => void response.writeHead(200).write(list.subarray(0, 12), () => response.destroy())) as Answer },
])('$code: $because', async ({ code, answer: hostile }) => {
  answer = hostile;
  const failure = await download().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code });
  expect(JSON.stringify(failure) + String(failure)).not.toContain('0123456789abcdef');
  expect(asked).toHaveLength(1);
});

test('a bomb is not unpacked any further than it may be', async () => {
  answer = sends(gzipSync(Buffer.alloc(90_000_000, 0x20)));
  let taken = 0;
  await expect(downloadGzip({ what: 'a bomb', url: new Secret(`${origin}/b`), caPem: null, plainHttpOrigins: [origin] }, { allowLoopback: true, maxPackedBytes: 100_000, maxBytes: 1_000_000, deadlineMs: 5_000 }, (text) => (taken += text.length))).rejects.toMatchObject({ code: 'DOWNLOAD_TOO_LARGE' });
  expect(taken).toBeLessThanOrEqual(1_000_000);
});

test('an answer that drips is not waited for', async () => {
  let timer: NodeJS.Timeout | undefined;
  answer = (_request, response) => {
    response.writeHead(200);
    let at = 0;
    timer = setInterval(() => response.write(list.subarray(at, ++at)), 20);
  };
  await expect(download({ deadlineMs: 200 })).rejects.toMatchObject({ code: 'DOWNLOAD_TIMEOUT' });
  clearInterval(timer);
  answer = () => undefined;
  await expect(download({ deadlineMs: 100 })).rejects.toMatchObject({ code: 'DOWNLOAD_TIMEOUT' });
});

test.each([
  { because: 'plain http that the storage location does not name', change: { plainHttpOrigins: [] } },
  { because: 'another port than the named one', change: { plainHttpOrigins: ['http://127.0.0.1:1'] } },
  { because: 'no URL', change: { address: 'nonsense' } },
  { because: 'a file', change: { address: 'file:///etc/passwd' } },
  { because: 'a user name', change: { address: 'https://me@store.example.com/b' } },
  { because: 'a URL that has no end', change: { address: `https://store.example.com/${'a'.repeat(10_000)}` } },
])('an address is refused: $because', async ({ change }) => {
  await expect(download(change)).rejects.toMatchObject({ code: 'DOWNLOAD_URL_REFUSED' });
  expect(asked).toEqual([]);
});

test.each([
  { because: 'loopback', address: '', allowLoopback: false },
  { because: 'a name of loopback', address: 'https://localhost/b', allowLoopback: false },
  { because: 'cloud metadata', address: 'https://169.254.169.254/latest/meta-data/', allowLoopback: true },
  { because: 'cloud metadata in IPv6 clothes', address: 'https://[::ffff:169.254.169.254]/', allowLoopback: true },
])('an address is never called: $because', async ({ address, allowLoopback }) => {
  await expect(download({ ...(address === '' ? {} : { address }), allowLoopback })).rejects.toMatchObject({ code: 'DOWNLOAD_ADDRESS_REFUSED' });
  expect(asked).toEqual([]);
});

test('what the taker throws comes out as it is', async () => {
  const own = new Error('mine');
  await expect(downloadGzip({ what: 'x', url: new Secret(`${origin}/b`), caPem: null, plainHttpOrigins: [origin] }, { allowLoopback: true, maxPackedBytes: 1000, maxBytes: 1000, deadlineMs: 5_000 }, () => { throw own; })).rejects.toBe(own);
});

test('a store with an authority of its own is trusted with it, and not without', async () => {
  const authority = await TlsAuthority.create('store');
  const { certPem, keyPem } = await authority.issueServing();
  const safe = createTlsServer({ cert: certPem, key: keyPem }, whole);
  await new Promise<void>((resolve) => safe.listen(0, '127.0.0.1', resolve));
  const address = `https://127.0.0.1:${(safe.address() as AddressInfo).port}/b?${SIGNATURE}`;
  try {
    expect(await download({ address, caPem: authority.certPem })).toContain('auto-import-account');
    await expect(download({ address })).rejects.toMatchObject({ code: 'DOWNLOAD_TLS_FAILED' });
    await expect(download({ address, caPem: 'no certificate' })).rejects.toMatchObject({ code: 'DOWNLOAD_TLS_FAILED' });
  } finally {
    safe.closeAllConnections();
    await new Promise((resolve) => safe.close(resolve));
  }
});

test('nobody there', async () => {
  await expect(download({ address: 'https://127.0.0.1:1/b' })).rejects.toMatchObject({ code: 'DOWNLOAD_UNREACHABLE' });
});
