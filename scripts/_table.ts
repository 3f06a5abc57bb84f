/** Writes rows as columns of equal width; the first row is the heading. */
export function layOut(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    )
      .join("   ").trimEnd()
  );
  const rule = widths.map((width) => "─".repeat(width)).join("───");
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

const COLOURS = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 } as const;

/** Colours a text when a person looks at it. */
export function paint(colour: keyof typeof COLOURS, text: string): string {
  if (!Deno.stdout.isTerminal() || Deno.noColor) return text;
  return `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}

/** Milliseconds as seconds with one decimal. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
