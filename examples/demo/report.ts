import { sum } from "./verdict.ts";
import type { Pass } from "./pass.ts";
import type { Terminal } from "./terminal.ts";
import type { Check } from "./verdict.ts";

const HEADING = ["pattern", "subscriber", "delivered", "handled", "failed", "time"];
/** Columns that hold words; the others hold numbers. */
const WORDS = 2;
const FAILED = HEADING.indexOf("failed");

/** Prints the table of one pass, its totals and its speed. */
export function printPass(terminal: Terminal, pass: Pass): void {
  const { engine, subscribers, stats, time } = pass;
  const { paint, print } = terminal;
  const tallies = subscribers.map(({ tally }) => tally);
  const rows = subscribers.map(({ pattern, describe, tally }) => [
    pattern,
    describe(),
    ...numbers(tally.delivered, tally.handled, tally.failed, tally.time),
  ]);
  const total = numbers(
    sum(tallies, ({ delivered }) => delivered),
    sum(tallies, ({ handled }) => handled),
    sum(tallies, ({ failed }) => failed),
    sum(tallies, ({ time }) => time),
  );
  const lines = layOut([HEADING, ...rows, ["total", `${rows.length} subscribers`, ...total]]);
  const rule = paint("dim", "─".repeat(lines[0]!.join("  ").length));

  print(`${paint("bold", engine.name)}  ${paint("dim", engine.describes)}`);
  print(paint("dim", lines[0]!.join("  ")));
  print(rule);
  for (const cells of lines.slice(1, -1)) print(paintRow(terminal, cells));
  print(rule);
  print(lines.at(-1)!.join("  "));
  const { emitted } = stats;
  const speed = paint("bold", `${grouped(Math.round(emitted / time * 1000))} events/s`);
  print(`${grouped(emitted)} events in ${milliseconds(time)}, settled: ${speed}`);
  print();
}

/** Prints what is off. */
export function printFaults(terminal: Terminal, engine: string, faults: Check[]): void {
  for (const { name, expected, actual } of faults) {
    const text = `${engine}, ${name}: ${grouped(actual)} instead of ${grouped(expected)}`;
    terminal.print(terminal.paint("red", `✗ ${text}`));
  }
}

/** A whole number with commas. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

function milliseconds(time: number): string {
  return `${grouped(Math.round(time))} ms`;
}

function numbers(delivered: number, handled: number, failed: number, time: number): string[] {
  return [...[delivered, handled, failed].map(grouped), milliseconds(time)];
}

/** Brings the cells of every column to one width. */
export function layOut(rows: string[][]): string[][] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) =>
      column < WORDS ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    )
  );
}

function paintRow({ paint }: Terminal, cells: string[]): string {
  return cells.map((cell, column) => {
    if (column === 0) return paint("cyan", cell);
    return column === FAILED && cell.trim() !== "0" ? paint("red", cell) : cell;
  }).join("  ");
}
