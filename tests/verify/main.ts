/**
 * Proves what tests of single cases cannot: `deno task verify`. Models of the protocols are checked
 * in all their states, and buses are tortured on every runtime that is here. Each check is run
 * with faults as well, which it must catch: one that finds nothing might look at nothing.
 *
 * `--long` tortures for as long as the contract says, which takes about two hours; `--seed N` begins with
 * another seed; `--only outbox,models` leaves out the rest.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { exists, ROOT } from "../../scripts/_files.ts";
import { summaryLine } from "../../scripts/_outcome.ts";
import { type Finished, run } from "../../scripts/_process.ts";
import { isPinned, locate, type RuntimeName } from "../../scripts/_runtimes.ts";
import { paint, seconds } from "../../scripts/_table.ts";
import { endTestServices, findTestServices } from "../../scripts/_test_services.ts";
import { type Fault, FAULTS } from "./_faults.ts";
import { torturesOf } from "./_tortures.ts";

const MODELS = [
  { file: "ring.pml", mutants: ["NO_RECHECK", "NO_ROOM_RECHECK", "PUBLISH_FIRST", "HEAD_FIRST"] },
  {
    file: "lane.pml",
    mutants: ["NO_EXCHANGE", "JUDGE_FIRST", "END_FIRST", "LEAVE_FIRST", "RECLAIM_ALIVE"],
  },
  { file: "death.pml", mutants: ["RESPAWN_ON_EVENT", "STARTED_IS_READY", "HEAD_BEFORE_DONE"] },
  {
    file: "writer.pml",
    mutants: ["RESPAWN_ON_EVENT", "WRITTEN_FIRST", "NOT_PUBLISHED", "NOT_COUNTED"],
  },
];

/** How often a torture is run at most until it catches a fault. */
const MOST_ATTEMPTS = 8;

/** Orders that are taken through the outbox. */
const ORDERS = { short: 2_000, long: 100_000 };

/** Milliseconds that one check may take: what hangs must not hold up the others for hours. */
const LIMITS = { short: 600_000, long: 3_600_000 };

/** With what makes it collect garbage when it is told to. */
const DENO = [Deno.execPath(), "run", "-A", "--no-check", "--no-lock", "--v8-flags=--expose-gc"];

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  models: checkModels,
  torture: tortureRuntimes,
  faults: plantFaults,
  webhooks: knockAtTheReceiver,
  outbox: takeOrders,
};

const { values } = parseArgs({
  args: Deno.args,
  options: {
    long: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: Object.keys(PARTS).join(",") },
  },
});
const isLong = values.long;
const seed = Number(values.seed) || 1;
const only = values.only.split(",");
const unknown = only.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  console.error(
    `Say --only as some of ${Object.keys(PARTS).join(",")}: ${unknown} is none of them`,
  );
  Deno.exit(2);
}
const timeLimit = isLong ? LIMITS.long : LIMITS.short;
const total = { passed: 0, failed: 0, skipped: 0 };

console.log(`--seed ${seed}${isLong ? " --long" : ""}`);
const times: string[] = [];
for (const name of only) {
  const started = performance.now();
  await PARTS[name]!();
  times.push(`${name} ${seconds(performance.now() - started)}`);
}
console.log(times.join(", "));
console.log(summaryLine(total.passed, total.failed, total.skipped));
Deno.exit(total.failed > 0 ? 1 : 0);

/** Runs one check, and says what came of it: nothing if it is as it should be. */
async function check(name: string, judge: () => Promise<string | undefined>): Promise<void> {
  const started = performance.now();
  const fault = await judge();
  total[fault === undefined ? "passed" : "failed"]++;
  const word = fault === undefined ? paint("green", "ok    ") : paint("red", "FAILED");
  console.log(`  ${word} ${name}  ${paint("dim", seconds(performance.now() - started))}`);
  if (fault !== undefined) console.log(`\n${fault}\n`);
}

function skip(name: string, reason: string): void {
  total.skipped++;
  console.log(`  ${paint("dim", "skip  ")} ${name}: ${reason}`);
}

async function checkModels(): Promise<void> {
  if (!await hasProgram("spin")) await run(["apt-get", "install", "-y", "spin"]).catch(() => {});
  for (const program of ["spin", "gcc"]) {
    if (await hasProgram(program)) continue;
    skip("models", `${program} is not there, and cannot be installed`);
    return;
  }
  for (const { file, mutants } of MODELS) {
    await check(`${file}: all states`, async () => {
      const { errors, output } = await exploreStates(file);
      return errors === 0 ? undefined : output;
    });
    for (const mutant of mutants) {
      await check(`${file} catches ${mutant}`, async () => {
        const { errors, output } = await exploreStates(file, mutant);
        return errors > 0 ? undefined : output;
      });
    }
  }
}

async function exploreStates(
  file: string,
  mutant?: string,
): Promise<{ errors: number; output: string }> {
  const folder = await Deno.makeTempDir({ prefix: "beat-spin-" });
  try {
    const define = mutant === undefined ? [] : [`-D${mutant}`];
    const model = `${ROOT}/tests/verify/${file}`;
    const commands = [
      ["spin", "-a", ...define, model],
      ["gcc", "-O0", "-w", "-DSAFETY", "-o", "pan", "pan.c"],
      ["./pan", "-m1000000"],
    ];
    let output = "";
    for (const [program, ...rest] of commands) {
      const { stdout, stderr } = await new Deno.Command(program!, { args: rest, cwd: folder })
        .output();
      output += new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    }
    const found = /errors: (\d+)/.exec(output)?.[1];
    if (found === undefined) throw new Error(`Cannot explore ${file}: ${output}`);
    return { errors: Number(found), output };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function hasProgram(name: string): Promise<boolean> {
  try {
    await new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

async function tortureRuntimes(): Promise<void> {
  for (const runtime of ["deno", "bun", "node24"] as const) {
    const command = await commandOf(runtime);
    if (command === undefined) {
      skip(`torture on ${runtime}`, "it is not in .runtimes/");
      continue;
    }
    for (const [name, ...rest] of torturesOf(runtime, { seed, isLong })) {
      await check(`${name} on ${runtime}: ${rest.join(" ")}`, async () => {
        const program = `${ROOT}/tests/verify/torture.ts`;
        const { code, output } = await run([...command, program, ...rest], { timeLimit });
        return code === 0 ? undefined : output.slice(0, 2_000);
      });
    }
  }
}

/** Random requests to a webhook receiver: no crash, no hang, nothing let in, nothing that stays. */
async function knockAtTheReceiver(): Promise<void> {
  const requests = isLong ? "1000000" : "40000";
  await check(`${requests} random requests to a webhook receiver, --seed ${seed}`, async () => {
    const lock = "--lock=scripts/tools.lock";
    const collecting = "--v8-flags=--expose-gc";
    const program = `${ROOT}/tests/verify/webhooks.ts`;
    const { code, output } = await run(
      [
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        collecting,
        lock,
        program,
        "--requests",
        requests,
        "--seed",
        String(seed),
      ],
      { timeLimit },
    );
    return code === 0 ? undefined : output;
  });
}

/** Orders from a row to an effect, through processes that are killed all the time: each has exactly one. */
async function takeOrders(): Promise<void> {
  const orders = isLong ? ORDERS.long : ORDERS.short;
  for (const database of isLong ? ["sqlite", "postgres", "mariadb"] : ["sqlite"]) {
    const name = `${orders} orders through the outbox of ${database}, --seed ${seed}`;
    const services = await findTestServices(database === "sqlite" ? [] : [database], true);
    if ("missing" in services) {
      skip(name, services.missing);
      continue;
    }
    await check(name, async () => {
      const program = `${ROOT}/tests/verify/outbox.ts`;
      const words = ["--count", String(orders), "--database", database, "--seed", String(seed)];
      const flags = ["run", "-A", "--no-check", "--lock=scripts/tools.lock"];
      const { code, output } = await run([Deno.execPath(), ...flags, program, ...words], {
        env: services.env,
        timeLimit,
      });
      return code === 0 ? undefined : output;
    });
    await endTestServices();
  }
}

/** What starts a program on a runtime that is here. */
async function commandOf(runtime: RuntimeName): Promise<string[] | undefined> {
  if (!isPinned(runtime)) return DENO;
  const located = await locate(runtime, false);
  if ("missing" in located) return undefined;
  return runtime === "bun" ? [located.program] : [located.program, "--expose-gc"];
}

async function plantFaults(): Promise<void> {
  // A fault may make it hang: what takes much longer than without it is caught as well.
  const limits = new Map<string[], number>();
  for (const torture of new Set(FAULTS.map((fault) => fault.torture))) {
    await check(`a copy without a fault passes: ${torture.join(" ")}`, async () => {
      const started = performance.now();
      const { code, output } = await tortureCopy(torture, 180_000);
      limits.set(torture, 3 * (performance.now() - started) + 3_000);
      return code === 0 ? undefined : output;
    });
  }
  for (const fault of FAULTS) {
    await check(`torture catches: ${fault.name}`, async () => {
      // A fault that needs two threads to meet may be spared by a busy machine, but not each time.
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        const { code } = await tortureCopy(fault.torture, limits.get(fault.torture)!, fault);
        if (code !== 0) return undefined;
      }
      return `Nothing was found wrong in ${MOST_ATTEMPTS} attempts`;
    });
  }
}

/** Tortures a copy of the source, with a fault or without. */
async function tortureCopy(
  torture: string[],
  timeLimit: number,
  fault?: Fault,
): Promise<Finished> {
  const folder = await Deno.makeTempDir({ prefix: "beat-fault-" });
  try {
    for (const part of ["src", "tests/verify", "mod.ts"]) await copy(part, folder);
    if (fault !== undefined) {
      const file = `${folder}/${fault.file}`;
      const source = await Deno.readTextFile(file);
      if (!source.includes(fault.line)) throw new Error(`${fault.file} has no ${fault.line}`);
      await Deno.writeTextFile(file, source.replace(fault.line, fault.broken));
    }
    const program = [...DENO, "--no-config", `${folder}/tests/verify/torture.ts`, ...torture];
    return await run(program, { timeLimit });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copy(path: string, folder: string): Promise<void> {
  if (!exists(path)) return;
  const from = `${ROOT}/${path}`;
  if ((await Deno.stat(from)).isFile) {
    await Deno.copyFile(from, `${folder}/${path}`);
    return;
  }
  await Deno.mkdir(`${folder}/${path}`, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(`${path}/${name}`, folder);
}
