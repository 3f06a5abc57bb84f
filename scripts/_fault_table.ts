import { exists, readText } from "./_files.ts";

/** The page that says what shows each fault. */
export const PAGE = "docs/faults.md";

/** The columns of its table. */
const TRANSPORTS = [
  "Redis Streams",
  "Redis Pub/Sub",
  "JetStream",
  "core NATS",
  "Kafka",
  "PostgreSQL",
  "MariaDB",
  "SQLite",
  "HTTP",
  "memory",
];
/** Faults that there are. */
const COUNT = 28;
const EVERY = "all";

/** What one line of the page says of some transports. */
interface Answer {
  readonly of: readonly string[];
  readonly text: string;
}

const FAULT = /^## (\d+)\. (.+)$/gm;
const ANSWER = /^- \*\*([^*]+)\*\*:\s+([^]*?)(?=\n- \*\*|\n\n|\n?(?![^]))/gm;
const TEST = /\[[^\]]+\]\(\.\.\/([^)]+)\) “([^”]+)”/g;

/** What the page leaves out, or says of a test that is not there. */
export function findFaultsWithoutTest(
  page: string = readText(PAGE),
  readSource: (file: string) => string | undefined = readIfThere,
): string[] {
  const heads = [...page.matchAll(FAULT)];
  const missing = heads.length === COUNT
    ? []
    : [`${PAGE} has ${heads.length} faults, there are ${COUNT}`];
  return missing.concat(heads.flatMap(({ index, 1: number, 2: title }, at) => {
    const section = page.slice(index, heads[at + 1]?.index);
    const answers = Array.from(section.matchAll(ANSWER), ([, names, text]) => {
      return { of: flat(names!).split(", "), text: flat(text!) };
    });
    const name = `${number}. ${title}`;
    const problems = [
      ...TRANSPORTS.filter((one) => !answers.some((answer) => isOf(answer, one)))
        .map((one) => `nothing is said of ${one}`),
      ...answers.flatMap(({ of }) => of)
        .filter((one) => one !== EVERY && !TRANSPORTS.includes(one))
        .map((one) => `there is no transport '${one}'`),
      ...answers.flatMap(({ text }) => missingTests(text, readSource)),
      ...rowProblems(page, name, answers),
    ];
    if (Number(number) !== at + 1) problems.push(`it should be number ${at + 1}`);
    return problems.map((problem) => `${PAGE}, ${name}: ${problem}`);
  }));
}

function isOf({ of }: Answer, transport: string): boolean {
  return of.includes(transport) || of.includes(EVERY);
}

function missingTests(
  text: string,
  readSource: (file: string) => string | undefined,
): string[] {
  return Array.from(text.matchAll(TEST), ([, file, test]) => {
    const source = readSource(file!);
    if (source === undefined) return `${file} is not there`;
    return flat(source).includes(test!) ? "" : `${file} has no test “${test}”`;
  }).filter((problem) => problem !== "");
}

/** The row of the table must say what the answers say. */
function rowProblems(page: string, name: string, answers: readonly Answer[]): string[] {
  const row = page.split("\n").find((line) => line.startsWith(`| ${name} `));
  const cells = row?.split("|").slice(2, -1).map((cell) => cell.trim()) ?? [];
  const expected = TRANSPORTS.map((one) => {
    const own = answers.filter((answer) => isOf(answer, one));
    return own.some(({ text }) => text.search(TEST) !== -1) ? "✔" : "–";
  });
  return cells.join() === expected.join()
    ? []
    : [`its row of the table must be ${expected.join(" ")}: it is ${cells.join(" ")}`];
}

function flat(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function readIfThere(file: string): string | undefined {
  return exists(file) ? readText(file) : undefined;
}
