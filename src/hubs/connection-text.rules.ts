import { Secret } from '../common/secret.js';
import { at, textAt } from '../common/untrusted.js';
import type { HubConnection } from '../kube/hub-client.types.js';

/** A connection as one text, to be sealed. */
export function connectionToText(connection: HubConnection): Secret {
  const { auth, ...rest } = connection;
  const opened = auth.type === 'token' ? { type: auth.type, token: auth.token.reveal() } : { type: auth.type, certPem: auth.certPem, keyPem: auth.keyPem.reveal() };
  return new Secret(JSON.stringify({ ...rest, auth: opened }));
}

/** @throws Error without the text, if it is not what connectionToText made */
export function connectionFromText(text: Secret): HubConnection {
  const value: unknown = JSON.parse(text.reveal());
  const read = (...path: string[]): string => {
    const found = at(value, ...path);
    if (typeof found !== 'string') throw new Error(`A sealed connection lacks ${path.join('.')}`);
    return found;
  };
  const caPem = textAt(value, ['caPem'], Infinity);
  const tlsServerName = textAt(value, ['tlsServerName'], Infinity);
  return {
    server: read('server'),
    ...(caPem === null ? {} : { caPem }),
    ...(tlsServerName === null ? {} : { tlsServerName }),
    auth:
      read('auth', 'type') === 'token'
        ? { type: 'token', token: new Secret(read('auth', 'token')) }
        : { type: 'certificate', certPem: read('auth', 'certPem'), keyPem: new Secret(read('auth', 'keyPem')) },
  };
}
