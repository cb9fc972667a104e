import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ruruHTML } from 'ruru/server';
import { getStaticFile } from 'ruru/static';
import { GRAPHQL_PATH } from './graphql-path.js';

const PATH = '/playground';
const STATIC_PATH = `${PATH}/static/`;

const STARTING_QUERY = `# Lifeboat. The documentation of the schema is behind the book on the left.
query Fleet {
  whoami { name roles }
  hubs(first: 10) {
    nodes { id name policy reachability release }
    totalCount
  }
}
`;

/** Everything from here, nothing inline but what bears the nonce; the editor's styles are set by its scripts. */
function policyFor(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * Asks for a key before the editor starts: without one not even the schema is told. It stays in the tab's session storage
 * and is put into the editor's headers, from where queries and subscriptions take it.
 */
const KEY_FORM = `
<form id="key-form">
  <h1>Lifeboat</h1>
  <label for="key">API key</label>
  <input id="key" type="password" autocomplete="off" spellcheck="false" placeholder="lfb_\u2026" required autofocus>
  <button type="submit">Open the playground</button>
  <p>The key stays in this tab. Lifeboat prints the first one when it starts for the first time.</p>
</form>`;

const KEY_STYLE = `
<style>
  #key-form { max-width: 26rem; margin: 15vh auto 0; display: grid; gap: .75rem; font: 16px/1.4 system-ui, sans-serif; }
  #key-form input, #key-form button { font: inherit; padding: .5rem; }
  #key-form p { color: #666; font-size: .85rem; }
  body:has(#key-form) #ruru-root { display: none; }
</style>`;

function startScript(nonce: string): string {
  return `
<script type="module" nonce="${nonce}">
  import { React, createRoot, Ruru } from '${STATIC_PATH}ruru.js';
  const form = document.getElementById('key-form');
  // The editor asks for the schema before its headers are there, so the key is given on its behalf
  const withKey = (key, send) => (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (new URL(input, location.href).pathname === '${GRAPHQL_PATH}' && !headers.has('authorization')) headers.set('authorization', 'Bearer ' + key);
    return send(input, { ...init, headers });
  };
  const start = (key) => {
    form.remove();
    window.fetch = withKey(key, window.fetch.bind(window));
    const headers = JSON.stringify({ Authorization: 'Bearer ' + key }, null, 2);
    createRoot(document.getElementById('ruru-root')).render(React.createElement(Ruru, { ...RURU_CONFIG, initialHeaders: headers, defaultHeaders: headers }));
  };
  const kept = sessionStorage.getItem('lifeboat:key');
  if (kept) start(kept);
  else form.addEventListener('submit', (event) => {
    event.preventDefault();
    const key = document.getElementById('key').value.trim();
    sessionStorage.setItem('lifeboat:key', key);
    start(key);
  });
</script>`;
}

function page(nonce: string): string {
  const withNonce = (html: string): string => html.replaceAll('<script', `<script nonce="${nonce}"`);
  return ruruHTML({
    endpoint: GRAPHQL_PATH,
    subscriptionEndpoint: GRAPHQL_PATH,
    staticPath: STATIC_PATH,
    clientConfig: { initialQuery: STARTING_QUERY, defaultQuery: STARTING_QUERY, isHeadersEditorEnabled: true },
    htmlParts: {
      titleTag: '<title>Lifeboat playground</title>',
      styleTags: (html) => html + KEY_STYLE,
      configScript: withNonce,
      headerScripts: withNonce,
      bodyContent: (html) => KEY_FORM + html,
      bodyScripts: withNonce,
      bodyInitScript: () => startScript(nonce),
    },
  });
}

/** The GraphQL playground, from our own files: it works without any network, and holds no data itself. */
export function servePlayground(fastify: FastifyInstance): void {
  fastify.get(PATH, (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return reply.header('content-security-policy', policyFor(nonce)).header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page(nonce));
  });
  fastify.get(`${STATIC_PATH}*`, async (request, reply) => {
    const file = await getStaticFile({ staticPath: STATIC_PATH, urlPath: request.url, acceptEncoding: request.headers['accept-encoding'], disallowDevAssets: true });
    if (!file) return reply.callNotFound();
    if (request.headers['if-none-match'] === file.headers['etag']) return reply.status(304).send();
    return reply.headers({ ...file.headers, vary: 'accept-encoding', 'cache-control': 'public, max-age=3600' }).send(file.content);
  });
}
