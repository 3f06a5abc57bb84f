/**
 * How long does the compiler check a program with many typed subscriptions?
 *
 * The program is written anew each time with names of its own, because `deno check` remembers what
 * it has checked. Asked by the orchestrator: no process of a runtime can measure it.
 *
 * @module
 */
import type { OutsideSubject, Question, Sample } from "../harness/types.ts";

const KEYS = 200;
const EXACT = 100;
const WILDCARD = 20;
const ENTRY = new URL("../../mod.ts", import.meta.url).href;

/** The least that a file which uses the bus can hold. */
function bareProgram(): string {
  return `import { forSync } from "${ENTRY}";\nexport const bus = forSync();\n`;
}

/** What a program is made of: keys, and patterns of which each matches some of them. */
interface Shape {
  name: string;
  keys(salt: string): string[];
  wildcards(salt: string): string[];
}

const SHAPES: Shape[] = [
  {
    name: "keys of two segments, one star at the end",
    keys: (salt) => count(KEYS, (i) => `area${salt}${Math.floor(i / 10)}.step${i}`),
    wildcards: (salt) => count(WILDCARD, (i) => `area${salt}${i}.${i % 2 === 0 ? "*" : "**"}`),
  },
  {
    name: "keys of three segments, stars anywhere",
    keys: (salt) =>
      count(KEYS, (i) => `area${salt}${Math.floor(i / 20)}.part${i % 20}.step${i % 7}`),
    wildcards: (salt) => {
      const kinds: ((i: number) => string)[] = [
        (i) => `area${salt}${i % 10}.*.*`,
        (i) => `*.part${i}.*`,
        (i) => `**.step${i % 7}`,
        (i) => `area${salt}${i % 10}.**.step${(i + 1) % 7}`,
        (i) => `*.part${i}.**`,
      ];
      return count(WILDCARD, (i) => kinds[i % kinds.length]!(i));
    },
  },
];

function count(length: number, make: (index: number) => string): string[] {
  return Array.from({ length }, (_, index) => make(index));
}

/** An interface of all keys, exact subscriptions to some of them, and the wildcard ones. */
function fullProgram({ keys, wildcards }: Shape, salt: string): string {
  const fields = keys(salt).map((key, i) => `  "${key}": { id: string; value${i}: number };`);
  const exact = keys(salt).slice(0, EXACT)
    .map((key, i) => `bus.on("${key}", (event) => use(event.data.value${i}));`);
  const wildcard = wildcards(salt)
    .map((pattern) => `bus.on("${pattern}", (event) => use(event.data.id.length));`);
  return [
    `import { forSync } from "${ENTRY}";`,
    "interface Events {",
    ...fields,
    "}",
    "declare function use(value: number): void;",
    "const bus = forSync<Events>();",
    ...exact,
    ...wildcard,
    "",
  ].join("\n");
}

/** Checks the program in a folder outside the tree; returns seconds. */
async function check(program: string): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "beat_check_" });
  try {
    const file = `${folder}/program.ts`;
    await Deno.writeTextFile(file, program);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", file],
      env: { NO_COLOR: "1" },
    });
    const start = performance.now();
    const { code, stderr } = await command.output();
    const elapsed = (performance.now() - start) / 1_000;
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr).slice(0, 800));
    return elapsed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function salt(): string {
  return crypto.randomUUID().slice(0, 8);
}

async function checkBare(): Promise<number> {
  return await check(`${bareProgram()}// ${salt()}\n`);
}

async function checkFull(shape: Shape): Promise<number> {
  return await check(fullProgram(shape, salt()));
}

function subject(
  name: string,
  kind: "ours" | "bound",
  measure: () => Promise<number>,
): OutsideSubject {
  return {
    name,
    kind,
    runtime: "deno",
    async sample(): Promise<Sample> {
      const value = await measure();
      return { min: value, median: value };
    },
  };
}

/** The compiler's time for many typed subscriptions. */
export const checkTimeQuestion: Question = {
  id: "check_time",
  title: "Type check of a program with many subscriptions",
  measure: "seconds",
  states: [],
  cases: SHAPES.map((shape) => ({
    name:
      `${KEYS} event keys, ${EXACT} exact and ${WILDCARD} wildcard subscriptions: ${shape.name}`,
    subjects: [
      {
        ...subject("beat, the whole check", "ours", () => checkFull(shape)),
        goals: [{ limit: 2 }],
      },
      subject("beat, above a file that only imports", "ours", async () => {
        const bare = await checkBare();
        return await checkFull(shape) - bare;
      }),
      subject("a file that only imports", "bound", checkBare),
    ],
  })),
  notes: [
    "Wall time of `deno check` on a new file outside the tree. The budget is not scaled by C.",
  ],
};
