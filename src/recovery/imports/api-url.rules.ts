const MAX_LENGTH = 512;
/** Names and addresses that mean the hub's own machine, or its cloud's metadata: the hub would hand the cluster's token to them. */
const NEVER = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|169\.254\.\d+\.\d+|\[(::1?|fe80:.*|::ffff:.*)\])$/i;

/** Why an address cannot stand for a cluster's API server; null: it can. */
export function apiUrlProblem(text: string): string | null {
  if (text.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  const url = URL.parse(text);
  if (url === null) return 'it is no URL';
  if (url.protocol !== 'https:') return 'it is not https';
  if (url.username !== '' || url.password !== '') return 'it holds a user or a password';
  if (url.search !== '' || url.hash !== '') return 'it holds a query or a fragment';
  if (NEVER.test(url.hostname)) return 'its host is loopback, link-local or a metadata service';
  return null;
}
