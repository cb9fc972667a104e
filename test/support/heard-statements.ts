import pg from 'pg';

/** Hears every statement that this process makes of PostgreSQL. */
export class HeardStatements {
  private heard: string[] = [];
  private readonly query = pg.Client.prototype.query as (...args: unknown[]) => unknown;

  constructor() {
    const { query, heard } = { query: this.query, heard: (text: string) => this.heard.push(text) };
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
      const [first] = args;
      const text = typeof first === 'string' ? first : (first as { text?: string } | null)?.text;
      if (text !== undefined) heard(text);
      return query.apply(this, args);
    } as pg.Client['query'];
  }

  /** What was made while `work` ran. */
  async during(work: () => Promise<unknown>): Promise<readonly string[]> {
    this.heard = [];
    await work();
    return this.heard;
  }

  end(): void {
    pg.Client.prototype.query = this.query as pg.Client['query'];
  }
}

/** The text without what tells one asking from another: parameters' numbers, how many values a list has, how many statements one was made of. */
export const kindOf = (text: string): string => {
  const part = /^SELECT 0 AS asker, part\.\* FROM \((.*?)\) AS part UNION ALL /s.exec(text)?.[1] ?? text;
  return part.replace(/\$\d+/g, '$').replace(/\$(,\$)+/g, '$');
};
