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

/** A map of `KEYS` types in areas of ten, exact subscriptions, one wildcard for each area. */
function fullProgram(salt: string): string {
  const keys = Array.from({ length: KEYS }, (_, i) => `area${salt}${Math.floor(i / 10)}.step${i}`);
  const fields = keys.map((key, i) => `  "${key}": { id: string; value${i}: number };`);
  const exact = keys.slice(0, EXACT)
    .map((key, i) => `bus.on("${key}", (event) => use(event.data.value${i}));`);
  const wildcard = Array.from({ length: WILDCARD }, (_, i) => {
    const pattern = i % 2 === 0 ? `area${salt}${i}.*` : `area${salt}${i}.**`;
    return `bus.on("${pattern}", (event) => use(event.data.id.length));`;
  });
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

async function checkFull(): Promise<number> {
  return await check(fullProgram(salt()));
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
  cases: [{
    name: `${KEYS} event keys, ${EXACT} exact and ${WILDCARD} wildcard subscriptions`,
    subjects: [
      {
        ...subject("beat, the whole check", "ours", checkFull),
        goals: [{ limit: 2 }],
      },
      subject("beat, above a file that only imports", "ours", async () => {
        const bare = await checkBare();
        return await checkFull() - bare;
      }),
      subject("a file that only imports", "bound", checkBare),
    ],
  }],
  notes: [
    "Wall time of `deno check` on a new file outside the tree. The budget is not scaled by C.",
  ],
};
