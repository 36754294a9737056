/** Writes the figures as a table and as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import { pinned } from './cores.ts';
import { type Figure, verdict } from './figures.ts';

export interface Conditions {
  readonly date: string;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly pinned: boolean;
  readonly quick: boolean;
}

const RESULTS = new URL('results/', import.meta.url);

export function conditions(quick: boolean): Conditions {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    system: `${type()} ${release()}`,
    processor: all[0]?.model ?? 'unknown',
    cores: all.length,
    pinned,
    quick,
  };
}

export function describe({ node, system, processor, cores, quick }: Conditions): string {
  const pins = pinned ? 'server and generator pinned to a core each' : 'NOT pinned: no taskset, or one core';
  return `Node ${node}, ${system}, ${cores} × ${processor}; ${pins}${quick ? '; --quick' : ''}`;
}

const COLUMNS = ['', 'median', 'min', 'max', 'unit', 'bar', ''] as const;

export function table(figures: readonly Figure[]): string {
  const rows = [COLUMNS, ...figures.map(rowOf)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => align(cell, widths[column]!, column))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function align(cell: string, width: number, column: number): string {
  const isNumber = (column >= 1 && column <= 3) || column === 5;
  return isNumber ? cell.padStart(width) : cell.padEnd(width);
}

function rowOf(one: Figure): readonly string[] {
  const { name, unit, median, min, max, bar } = one;
  const numbers = [median, min, max].map((value) => value.toFixed(digits(median)));
  return [name, ...numbers, unit, bar === undefined ? '' : String(bar), verdict(one)];
}

function digits(value: number): number {
  if (Math.abs(value) >= 1000) return 0;
  return Math.abs(value) >= 100 ? 1 : 2;
}

export function write(figures: readonly Figure[], under: Conditions): void {
  mkdirSync(RESULTS, { recursive: true });
  const judged = figures.map((one) => ({ ...one, verdict: verdict(one) }));
  const text = JSON.stringify({ conditions: under, figures: judged }, undefined, 2);
  writeFileSync(new URL('latest.json', RESULTS), `${text}\n`);
}
