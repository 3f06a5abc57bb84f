/** The runtimes of the matrix, in the order of its columns. */
export const COLUMNS = [
  "deno",
  "bun",
  "node22",
  "node24",
  "node26",
  "workerd",
  "chromium",
] as const;

/** One column of the matrix. */
export type Column = typeof COLUMNS[number];

/** The columns of runtimes that run programs. */
export const PROCESS_COLUMNS: readonly Column[] = ["deno", "bun", "node22", "node24", "node26"];

/** The capability is there and does what it should. */
export const WORKS = "works";
/** There is no such name. */
export const MISSING = "is missing";
/** The name is there, and throws when it is used. */
export const THROWS = "throws";

/** One capability, and what becomes of it where. */
export interface Row {
  /** What is tried, in a few words. */
  capability: string;
  /**
   * Tries it. Throwing {@linkcode Missing} and throwing anything else are outcomes as well; a
   * returned text is an outcome of its own, anything else is {@linkcode WORKS}.
   */
  attempt: () => unknown;
  /** What is expected in the columns where it does not simply work. */
  except?: Partial<Record<Column, string>>;
}

/** Thrown where a name does not exist. */
export class Missing extends Error {}

/** The value of a dotted global name. */
// deno-lint-ignore no-explicit-any
export function find(path: string): any {
  let value: unknown = globalThis;
  for (const name of path.split(".")) {
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  if (value === undefined || value === null) throw new Missing(path);
  return value;
}

/** One of Node's modules, without an import that bundlers would see. */
// deno-lint-ignore no-explicit-any
export function builtin(name: string): any {
  const module = find("process").getBuiltinModule?.(name);
  if (module === undefined) throw new Missing(name);
  return module;
}

/** Shorthand for rows that differ in several columns in the same way. */
export function each(columns: readonly Column[], outcome: string): Partial<Record<Column, string>> {
  return Object.fromEntries(columns.map((column) => [column, outcome]));
}

/** What is expected of a row in a column. */
export function expectedOf({ except = {} }: Row, column: Column): string {
  return except[column] ?? WORKS;
}

/** The rows as a table of Markdown, cell by cell, with its heading. */
export function cellsOf(rows: readonly Row[], columns: readonly Column[]): string[][] {
  const signs: Record<string, string> = { [WORKS]: "✔", [MISSING]: "–" };
  return [
    ["", ...columns],
    ...rows.map((row) => {
      const outcomes = columns.map((column) => expectedOf(row, column));
      return [row.capability, ...outcomes.map((outcome) => signs[outcome] ?? outcome)];
    }),
  ];
}

/** What becomes of a row here. */
export async function outcomeOf({ attempt }: Row): Promise<string> {
  try {
    const result = await attempt();
    return typeof result === "string" ? result : WORKS;
  } catch (error) {
    return error instanceof Missing ? MISSING : THROWS;
  }
}

/** The column of this runtime, by the version that it gives and not by what it can do. */
export function currentColumn(): Column {
  const { Deno: deno, process, navigator } = globalThis as unknown as {
    Deno?: object;
    process?: { versions?: { bun?: string; node?: string } };
    navigator: { userAgent: string };
  };
  if (deno !== undefined) return "deno";
  if (process?.versions?.bun !== undefined) return "bun";
  if (navigator.userAgent === "Cloudflare-Workers") return "workerd";
  const major = process?.versions?.node?.split(".")[0];
  const column = major === undefined ? "chromium" : `node${major}`;
  if (COLUMNS.includes(column as Column)) return column as Column;
  throw new Error(`The matrix has no column for '${column}'`);
}
