import type { HubConnection } from './hub-client.types.js';

/**
 * A kubeconfig (JSON, which is YAML) for kubectl, holding the credential in clear: give it to its owner only.
 * Loads the Kubernetes package when first called: it costs some 90 MB and half a second, so nothing else loads it.
 */
export async function exportKubeconfig(connection: HubConnection, name: string): Promise<string> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const { server, caPem, tlsServerName, auth } = connection;
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name, server, skipTLSVerify: false, ...(caPem === undefined ? {} : { caData: base64(caPem) }), ...(tlsServerName === undefined ? {} : { tlsServerName }) },
    auth.type === 'token' ? { name, token: auth.token.reveal() } : { name, certData: base64(auth.certPem), keyData: base64(auth.keyPem.reveal()) },
  );
  return config.exportConfig();
}
