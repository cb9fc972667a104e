export const DOCS_PATH = '/problems';

/** Where the page of a stable code is served: what it means, why, and what to do. */
export const docsUrlOf = (code: string): string => `${DOCS_PATH}/${code}`;
