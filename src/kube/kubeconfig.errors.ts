import { DomainError, type ErrorKind } from '../common/domain-error.js';

/** Why a kubeconfig, or an address with its credential, is not taken. */
export type KubeconfigErrorCode =
  | 'KUBECONFIG_MALFORMED' // no YAML, no kubeconfig, ambiguous, or more than is understood
  | 'KUBECONFIG_CONTEXT_UNKNOWN'
  | 'KUBECONFIG_EXEC_REFUSED'
  | 'KUBECONFIG_AUTH_PROVIDER_REFUSED'
  | 'KUBECONFIG_FILE_REFERENCE_REFUSED'
  | 'KUBECONFIG_PROXY_REFUSED'
  | 'KUBECONFIG_INSECURE_REFUSED'
  | 'KUBECONFIG_CREDENTIAL_REFUSED'
  | 'KUBECONFIG_HTTP_REFUSED'
  | 'HUB_CONNECTION_MALFORMED'; // URL, CA or token given apart from a kubeconfig

const WORDS: Record<KubeconfigErrorCode, { title: string; remedy: string }> = {
  KUBECONFIG_MALFORMED: { title: 'The kubeconfig cannot be read', remedy: 'Send a kubeconfig with one current context, its cluster and its user, each named once.' },
  KUBECONFIG_CONTEXT_UNKNOWN: { title: 'The kubeconfig names no usable context', remedy: 'Set current-context to a context that the kubeconfig holds.' },
  KUBECONFIG_EXEC_REFUSED: { title: 'The kubeconfig would run a program', remedy: 'Use a ServiceAccount token or a client certificate, written into the kubeconfig.' },
  KUBECONFIG_AUTH_PROVIDER_REFUSED: { title: 'The kubeconfig uses an auth provider', remedy: 'Use a ServiceAccount token or a client certificate, written into the kubeconfig.' },
  KUBECONFIG_FILE_REFERENCE_REFUSED: { title: 'The kubeconfig refers to files', remedy: 'Write the data into it: kubectl config view --flatten --minify --raw.' },
  KUBECONFIG_PROXY_REFUSED: { title: 'The kubeconfig names a proxy', remedy: 'Remove proxy-url; a hub is called directly.' },
  KUBECONFIG_INSECURE_REFUSED: { title: 'The kubeconfig skips the verification of the server', remedy: 'Remove insecure-skip-tls-verify and give certificate-authority-data.' },
  KUBECONFIG_CREDENTIAL_REFUSED: { title: 'The kubeconfig\u2019s credential is not usable', remedy: 'Give exactly one: a token, or a client certificate with its key. No password, no impersonation.' },
  KUBECONFIG_HTTP_REFUSED: { title: 'The kubeconfig\u2019s server is not https', remedy: 'Give the https:// address of the hub\u2019s API.' },
  HUB_CONNECTION_MALFORMED: { title: 'The hub\u2019s address or credential is malformed', remedy: 'Give an https:// URL, the CA as PEM, and a bearer token.' },
};

/** Names fields, never their values. */
export class KubeconfigError extends DomainError {
  readonly kind: ErrorKind;
  readonly title: string;
  override readonly remedy: string;

  constructor(
    readonly code: KubeconfigErrorCode,
    message: string,
  ) {
    super(message);
    this.kind = 'invalid';
    this.title = WORDS[code].title;
    this.remedy = WORDS[code].remedy;
  }
}
