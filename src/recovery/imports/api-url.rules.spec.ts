import { apiUrlProblem } from './api-url.rules.js';

test.each([
  { because: 'a host and a port', url: 'https://api.c1.example:6443', ok: true },
  { because: 'a private address', url: 'https://10.1.2.3:6443', ok: true },
  { because: 'a path prefix, as behind a gateway', url: 'https://gw.example/k8s/c1', ok: true },
  { because: 'no https', url: 'http://api.c1.example:6443', ok: false },
  { because: 'no URL', url: 'api.c1', ok: false },
  { because: 'credentials inside', url: 'https://u:p@api.c1.example', ok: false },
  { because: 'a query', url: 'https://api.c1.example/?x=1', ok: false },
  { because: 'loopback', url: 'https://localhost:6443', ok: false },
  { because: 'loopback in decimal', url: 'https://2130706433/', ok: false },
  { because: 'loopback in IPv6', url: 'https://[::1]:6443', ok: false },
  { because: 'loopback inside IPv6', url: 'https://[::ffff:127.0.0.1]', ok: false },
  { because: 'the metadata service', url: 'https://169.254.169.254/latest', ok: false },
  { because: 'endless', url: `https://${'a'.repeat(600)}`, ok: false },
])('$url: $because', ({ url, ok }) => {
  expect(apiUrlProblem(url) === null).toBe(ok);
});
