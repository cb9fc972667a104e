import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { DOCS_PATH } from './docs-url.js';

/** Shipped beside the program: docs/problems of the repository. */
const FOLDER = new URL('../../docs/problems/', import.meta.url);

/** The page of each code, and their index, as Markdown that any browser shows; without a key, since they hold no data. */
export function serveProblemPages(fastify: FastifyInstance): void {
  const page = async (file: string): Promise<string | null> =>
    readFile(new URL(file, FOLDER), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
  fastify.get<{ Params: { code?: string } }>(`${DOCS_PATH}/:code?`, async ({ params: { code = '' } }, reply) => {
    const name = code.replace(/\.md$/, '') || 'README';
    const text = /^[A-Z][A-Z_]*$/.test(name) ? await page(`${name}.md`) : null;
    if (text === null) return reply.callNotFound();
    return reply.header('cache-control', 'public, max-age=3600').type('text/plain; charset=utf-8').send(text);
  });
}
