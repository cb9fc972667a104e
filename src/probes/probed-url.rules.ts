const MAX_LENGTH = 2_000;

/** The address of a cluster's API server as it may be probed; null: it is none. It comes from a hub, so it is not believed. */
export function probedUrl(text: string): URL | null {
  const url = text.length > MAX_LENGTH ? null : URL.parse(text);
  if (url === null || url.protocol !== 'https:' || url.hostname === '' || url.port === '0') return null;
  return url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' ? null : url;
}

/** What is asked of a cluster: answered by every API server, mostly also to nobody in particular. */
export const versionPathOf = (url: URL): string => `${url.pathname.replace(/\/+$/, '')}/version`;
