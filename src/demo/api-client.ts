import { randomUUID } from 'node:crypto';

/** A failure as the API tells it. */
export class ApiProblem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(`${status} ${code}: ${detail}`);
  }
}

interface PageOf<T> {
  readonly items: T[];
  readonly page: { readonly nextCursor: string | null };
}

/** A user of the public REST API: what the demo does, anyone can do with curl. */
export class ApiClient {
  /** @param onAnswer told of each answer's text, for tests */
  constructor(private readonly baseUrl: string, private readonly key: string, private readonly onAnswer: (text: string) => void = () => undefined) {}

  as(key: string): ApiClient {
    return new ApiClient(this.baseUrl, key, this.onAnswer);
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const next: string = `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
      const answer: PageOf<T> = await this.get<PageOf<T>>(next);
      items.push(...answer.items);
      cursor = answer.page.nextCursor;
    } while (cursor);
    return items;
  }

  post<T>(path: string, body: unknown, idempotencyKey: string = randomUUID()): Promise<T> {
    return this.call<T>('POST', path, body, { 'idempotency-key': idempotencyKey });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('PUT', path, body, { 'idempotency-key': randomUUID() });
  }

  /** Reads the resource first, as its version must be named. */
  async patch<T>(path: string, body: unknown): Promise<T> {
    const current = await fetch(`${this.baseUrl}${path}`, { headers: this.headers() });
    await current.body?.cancel();
    return this.call<T>('PATCH', path, body, { 'if-match': current.headers.get('etag') ?? '*' });
  }

  /** Server-sent events until the server ends the stream. */
  async *events<T>(path: string): AsyncGenerator<T> {
    const response = await fetch(`${this.baseUrl}${path}`, { headers: { ...this.headers(), accept: 'text/event-stream' } });
    if (!response.ok || !response.body) throw new ApiProblem(response.status, 'STREAM_REFUSED', await response.text());
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      this.onAnswer(chunk);
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const));
        if (fields.get('event') === 'end') return;
        const data = fields.get('data');
        if (data) yield JSON.parse(data) as T;
      }
    }
  }

  private headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }

  private async call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: { ...this.headers(), ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    this.onAnswer(text);
    const answer = text === '' ? {} : (JSON.parse(text) as { code?: string; detail?: string });
    if (!response.ok) throw new ApiProblem(response.status, (answer as { code?: string }).code ?? 'UNKNOWN', (answer as { detail?: string }).detail ?? text.slice(0, 300));
    return answer as T;
  }
}
