import type { Client } from 'pg';
import { connectTo } from './database.js';
import { despiteDeadlocks } from './despite-deadlocks.js';

/**
 * Keeps every row that anybody ever writes to the tables of a database, also of rows that live for a moment only, such as those of jobs.
 * Works inside the database, by triggers, past the service.
 */
export class RowRecorder {
  private constructor(private readonly client: Client) {}

  /** @param url of the database, whose tables are all there by now */
  static async watch(url: string): Promise<RowRecorder> {
    const client = await connectTo(url);
    await despiteDeadlocks(() => client.query(`
      CREATE SCHEMA recorder;
      CREATE UNLOGGED TABLE recorder.seen (place text NOT NULL, content text NOT NULL);
      CREATE FUNCTION recorder.keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO recorder.seen VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, to_jsonb(NEW)::text); RETURN NULL; END $$;
      DO $$
        DECLARE one record;
        BEGIN
          FOR one IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'bullmq') LOOP
            EXECUTE format('CREATE TRIGGER recorder_keep AFTER INSERT OR UPDATE ON %I.%I FOR EACH ROW EXECUTE FUNCTION recorder.keep()', one.schemaname, one.tablename);
            EXECUTE format('INSERT INTO recorder.seen SELECT %L, to_jsonb(t)::text FROM %I.%I AS t', one.schemaname || '.' || one.tablename, one.schemaname, one.tablename);
          END LOOP;
        END $$`));
    return new RowRecorder(client);
  }

  /** All that was ever in each table, by `schema.table`. */
  async seen(): Promise<Map<string, string>> {
    const { rows } = await this.client.query<{ place: string; content: string }>(`SELECT place, string_agg(content, E'\\n') AS content FROM recorder.seen GROUP BY place`);
    return new Map(rows.map(({ place, content }) => [place, content]));
  }

  async query<T extends object>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(text, [...values])).rows;
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}
