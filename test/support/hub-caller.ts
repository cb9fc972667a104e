import { Agent, request, type Dispatcher } from 'undici';
import type { SimulatedHub } from '../../src/simulator/simulated-hub.js';

export interface Answer {
  readonly code: number;
  // Answers are of every shape; expectations say which.
  readonly body: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- see above
  readonly text: string;
  readonly headers: Dispatcher.ResponseData['headers'];
}

export interface CallExtras {
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A watch as lines, in order. */
export class WatchLines {
  private text = '';
  readonly lines: string[] = [];
  /** `open`, `ended` (EOF) or the error's code */
  state = 'open';

  constructor(private readonly body: Dispatcher.ResponseData['body']) {
    body.setEncoding('utf8');
    body.on('data', (chunk: string) => this.take(chunk));
    body.on('end', () => (this.state = 'ended'));
    body.on('error', (error: Error & { code?: string }) => (this.state = this.state === 'open' ? (error.code ?? error.name) : this.state));
  }

  get events(): { type: string; object: Record<string, any> }[] { // eslint-disable-line @typescript-eslint/no-explicit-any -- objects of every shape
    return this.lines.map((line) => JSON.parse(line) as { type: string; object: Record<string, unknown> });
  }

  /** `ADDED a`, `BOOKMARK`, `ERROR 410` */
  get told(): string[] {
    return this.events.map(({ type, object }) => {
      const name = (object['metadata'] as { name?: string } | undefined)?.name;
      return type === 'ERROR' ? `ERROR ${String(object['code'])}` : [type, ...(name ? [name] : [])].join(' ');
    });
  }

  close(): void {
    this.state = 'closed';
    this.body.destroy();
  }

  private take(chunk: string): void {
    const parts = (this.text + chunk).split('\n');
    this.text = parts.pop() ?? '';
    this.lines.push(...parts);
  }
}

/** Speaks HTTP to a simulated hub as any client would: nothing of Lifeboat's own client is in between. */
export class HubCaller {
  private readonly agent: Agent;
  private readonly watches: WatchLines[] = [];

  constructor(
    private readonly hub: SimulatedHub,
    options: { readonly allowH2?: boolean; readonly ca?: string } = {},
  ) {
    this.agent = new Agent({ allowH2: options.allowH2 ?? true, connect: { ca: options.ca ?? hub.caPem } });
  }

  async call(method: string, path: string, body?: unknown, { token, headers = {}, signal }: CallExtras = {}): Promise<Answer> {
    const answer = await request(`${this.hub.url}${path}`, {
      method: method as Dispatcher.HttpMethod,
      dispatcher: this.agent,
      signal,
      headers: { ...this.login(token), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.body.text();
    let parsed: Answer['body'] = {};
    try {
      parsed = JSON.parse(text) as Answer['body'];
    } catch {
      // Plain text answers are read by `text`.
    }
    return { code: answer.statusCode, body: parsed, text, headers: answer.headers };
  }

  patch(path: string, body: unknown, type: 'merge-patch+json' | 'json-patch+json' | 'apply-patch+yaml' = 'merge-patch+json'): Promise<Answer> {
    return this.call('PATCH', path, body, { headers: { 'content-type': `application/${type}` } });
  }

  apply(path: string, body: unknown, { manager = 'test', force = false } = {}): Promise<Answer> {
    return this.patch(`${path}?fieldManager=${manager}&force=${force}`, body, 'apply-patch+yaml');
  }

  /** @param query after `watch=true&` */
  async watch(path: string, query = '', headers: Record<string, string> = {}): Promise<WatchLines> {
    const answer = await request(`${this.hub.url}${path}?watch=true&${query}`, { dispatcher: this.agent, headers: { ...this.login(), ...headers } });
    if (answer.statusCode !== 200) throw new Error(`watch answered ${answer.statusCode}: ${await answer.body.text()}`);
    const lines = new WatchLines(answer.body);
    this.watches.push(lines);
    return lines;
  }

  async close(): Promise<void> {
    for (const watch of this.watches) watch.close();
    await this.agent.destroy();
  }

  private login(token: string | null = this.hub.adminToken): Record<string, string> {
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }
}
