import pc from 'picocolors';

/** Prints for people: redraws one line on a terminal, a line per change elsewhere. */
export class Screen {
  private readonly startedAt = performance.now();
  private live = '';

  constructor(private readonly out: { write(text: string): unknown; readonly isTTY?: boolean }) {}

  title(text: string): void {
    this.settle();
    this.out.write(`\n${pc.bold(text)}\n`);
  }

  line(text: string): void {
    this.settle();
    this.out.write(`  ${text}\n`);
  }

  step(text: string): void {
    const at = ((performance.now() - this.startedAt) / 1000).toFixed(1).padStart(6);
    this.settle();
    this.out.write(`${pc.dim(`${at} s`)}  ${text}\n`);
  }

  /** Shows where a wait stands; drawn anew each time on a terminal, and only when it changed elsewhere. */
  progress(text: string, done: number, total: number): void {
    const width = 24;
    const filled = total === 0 ? width : Math.round((Math.min(done, total) / total) * width);
    const line = `          ${pc.cyan('█'.repeat(filled))}${pc.dim('░'.repeat(width - filled))} ${done}/${total} ${text}`;
    if (line === this.live) return;
    if (this.out.isTTY) this.out.write(`\r\x1b[2K${line}`);
    this.live = line;
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    this.settle();
    const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
    const print = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd();
    this.out.write(`  ${pc.bold(print(head))}\n`);
    for (const row of rows) this.out.write(`  ${print(row)}\n`);
  }

  private settle(): void {
    if (this.live === '') return;
    this.out.write(this.out.isTTY ? '\n' : `${this.live}\n`);
    this.live = '';
  }
}

export const good = pc.green;
export const bad = pc.red;
export const faint = pc.dim;
