import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { currentColumn, each, MISSING, PROCESS_COLUMNS, type Row } from "./_table.ts";

/** Milliseconds that a program may take. */
const LIMIT = 20_000;

const NO_WEB_WORKER = each(["node22", "node24", "node26"], MISSING);
const LOST = "ends with the process";
const RUNS_ON = "leaves it running";

/** What takes a process of its own: each program of testdata/ prints its outcome. */
export const PROCESS_MATRIX: Row[] = [
  {
    capability: "a pending waitAsync",
    attempt: () => outcomeOfProgram("wait_alone.ts"),
    except: each(PROCESS_COLUMNS, LOST),
  },
  {
    capability: "a pending waitAsync that a module awaits",
    attempt: () => outcomeOfProgram("wait_at_top.ts"),
    except: {
      deno: "ends with exit code 1",
      ...each(["node22", "node24", "node26"], "ends with exit code 13"),
    },
  },
  {
    capability: "a pending waitAsync beside a timer",
    attempt: () => outcomeOfProgram("wait_held.ts"),
  },
  {
    capability: "the syntax of using",
    attempt: () => outcomeOfProgram("using.ts"),
    except: { node22: "ends with exit code 1" },
  },
  ...ofBothKinds((thread) => `a file imported by a ${thread} made of text`, "data_import.ts"),
  ...ofBothKinds((thread) => `unref of an idle ${thread}`, "unref.ts", { deno: MISSING }),
  ...ofBothKinds((thread) => `process.exit while a ${thread} blocks`, "exit_while_blocked.ts"),
  ...ofBothKinds(
    (thread) => `terminate of a ${thread} that spins`,
    "terminate_spinning.ts",
    { deno: RUNS_ON },
    { deno: RUNS_ON },
  ),
  ...ofBothKinds(
    (thread) => `the event of a ${thread} that ends itself`,
    "close_reported.ts",
    { deno: "does not come" },
  ),
];

/** How a thread dies. */
const DEATHS = [
  ["throw", "an error that nobody catches"],
  ["reject", "a rejection that nobody catches"],
  ["import", "a module that cannot be loaded"],
  ["exit", "process.exit in the thread"],
  ["close", "close in the thread"],
] as const;

/**
 * What the one that has started a thread hears of its death: an error, the end, both or nothing.
 * Where it is nothing, `serve` writes it into the memory that the threads share.
 */
export const DEATH_MATRIX: Row[] = [
  ...DEATHS.flatMap(([cause, name]) => {
    const ends = cause === "exit" || cause === "close";
    const usual = each(PROCESS_COLUMNS, ends ? "end" : "error, end");
    const none = each(["node22", "node24", "node26"], "nothing");
    const web = ends ? { deno: "nothing" } : {};
    const closes = cause === "close" ? { bun: "nothing", ...none } : {};
    return [
      {
        capability: `${name}, of a Worker`,
        attempt: () => outcomeOfProgram("death.ts", "web", cause),
        except: { ...usual, ...closes, ...web, ...NO_WEB_WORKER },
      },
      {
        capability: `${name}, of a thread of node:worker_threads`,
        attempt: () => outcomeOfProgram("death.ts", "node", cause),
        except: { ...usual, ...closes },
      },
    ];
  }),
  {
    capability: "a lack of memory, of a thread of node:worker_threads",
    attempt: () => outcomeOfProgram("death.ts", "node", "memory"),
    except: {
      ...each(["deno", "bun"], MISSING),
      ...each(["node22", "node24", "node26"], "error, end"),
    },
  },
];

/** One row for the threads of the Web and one for those of Node. */
function ofBothKinds(
  capability: (thread: string) => string,
  program: string,
  web: Row["except"] = {},
  node: Row["except"] = {},
): Row[] {
  return [
    {
      capability: capability("Worker"),
      attempt: () => outcomeOfProgram(program, "web"),
      except: { ...NO_WEB_WORKER, ...web },
    },
    {
      capability: capability("thread of node:worker_threads"),
      attempt: () => outcomeOfProgram(program, "node"),
      except: node,
    },
  ];
}

async function outcomeOfProgram(program: string, ...args: string[]): Promise<string> {
  const { code, stdout } = await runProgram({ program, args });
  if (code !== 0) return `ends with exit code ${code}`;
  return stdout.trim() || LOST;
}

/** A program of testdata/ and how to run it. */
export interface ProgramRun {
  program: string;
  args?: string[];
  /** Of the runtime; Deno gets all permissions unless given. */
  flags?: string[];
}

/** Runs a program on this runtime, without a terminal to ask on. */
export function runProgram(
  { program, args = [], flags }: ProgramRun,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const path = fileURLToPath(new URL(`./testdata/${program}`, import.meta.url));
  const command = [...runtimeFlags(flags), path, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT,
      killSignal: "SIGKILL",
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => stdout += chunk);
    child.stderr.on("data", (chunk) => stderr += chunk);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function runtimeFlags(flags: string[] | undefined): string[] {
  const column = currentColumn();
  if (column === "deno") return ["run", "--no-check", "--no-prompt", ...(flags ?? ["-A"])];
  if (column === "bun") return ["run", ...(flags ?? [])];
  return ["--disable-warning=ExperimentalWarning", ...(flags ?? [])];
}
