import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** How whole lists are told. `csv`: RFC 4180 with a header line; `jsonl`: one JSON object a line, as the list's own items. */
export const exportFormats = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Columns of a table by their names: of a row the cell's text, number or null. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => string | number | null>>;

/** What spreadsheets would take for a formula. @see OWASP, CSV injection */
const FORMULA = /^[=+\-@\t\r]/;

/** One cell: quoted where it must be, and never a formula. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function* csv<Row>(rows: AsyncIterable<readonly Row[]>, columns: Columns<Row>): AsyncGenerator<string> {
  yield `${Object.keys(columns).map(csvCell).join(',')}\r\n`;
  const cells = Object.values(columns);
  for await (const some of rows) yield some.map((row) => `${cells.map((cell) => csvCell(cell(row))).join(',')}\r\n`).join('');
}

async function* jsonLines<Row>(rows: AsyncIterable<readonly Row[]>, toView: (row: Row) => unknown): AsyncGenerator<string> {
  for await (const some of rows) yield some.map((row) => `${JSON.stringify(toView(row))}\n`).join('');
}

/**
 * Answers with a whole list, some rows at a time and no faster than they are read. What fails in the middle cuts the connection: the reader
 * sees that the answer is not whole.
 */
export function rowStream<Row>(
  reply: FastifyReply, name: string, format: ExportFormat, rows: AsyncIterable<readonly Row[]>, shape: { readonly columns: Columns<Row>; readonly toView: (row: Row) => unknown },
): Readable {
  const type = format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/jsonl; charset=utf-8';
  void reply.header('content-type', type).header('content-disposition', `attachment; filename="${name}.${format}"`);
  return Readable.from(format === 'csv' ? csv(rows, shape.columns) : jsonLines(rows, shape.toView), { objectMode: false, highWaterMark: 65_536 });
}
