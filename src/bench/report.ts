import { arch, cpus, platform, totalmem } from 'node:os';
import type { Figure, Measured } from './bench.types.js';
import type { ExplainedStatement } from './statements.js';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  readonly system: string;
}

export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly clusters: number;
  readonly benchmarks: readonly Measured[];
}

export function machine(): Machine {
  const processors = cpus();
  return {
    cores: processors.length,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    system: `${platform()} ${arch()}`,
  };
}

/** Three digits that count, and no more than two decimals. */
function number(value: number): string {
  const decimals = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: decimals, minimumFractionDigits: decimals });
}

export const inWords = ({ cores, cpu, memoryGiB, node, system }: Machine): string => `${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}`;

export function table({ title, benchmark, loadBefore, figures }: Measured): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const values = figures.map(({ value }) => number(value));
  const valueWidth = Math.max(...values.map((value) => value.length));
  const row = ({ name, unit }: Figure, index: number): string => `  ${name.padEnd(width)}  ${(values[index] ?? '').padStart(valueWidth)} ${unit}`.trimEnd();
  return `\n${title} (${benchmark}; load before: ${loadBefore.toFixed(1)})\n${figures.map(row).join('\n')}\n`;
}

export const explained = ({ of, ms, text, plan }: ExplainedStatement): string => `\n${of}: the slowest statement took ${number(ms)} ms\n${text.trim()}\n\n${plan}\n`;
