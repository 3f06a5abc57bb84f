/**
 * The whole gate: `deno task ok`. `--no-tests` leaves the test suites out.
 *
 * Every gate is run even when one before it failed.
 *
 * @module
 */

import { findFaultsWithoutTest } from "./_fault_table.ts";
import { exists, listFiles, TOOLS_LOCK } from "./_files.ts";
import { findDeadLinks } from "./_links.ts";
import { publishedFiles } from "./_graph.ts";
import { findSecondEngines } from "./_one_engine.ts";
import { findStrayAtomics } from "./_one_seam.ts";
import { parseSummary, summaryLine } from "./_outcome.ts";
import { entryPoints, findExportDrift, findPackages } from "./_packages.ts";
import { run, runLive } from "./_process.ts";
import { paint, seconds } from "./_table.ts";
import { findThickAdapters, measureAdapters } from "./_thin_adapters.ts";
import {
  findAddressesInLocks,
  findMachineNames,
  findToolsInLock,
  findVersionDrift,
} from "./_tree_rules.ts";
import { findFloorBreaches } from "./floors.ts";
import { describeSizes, measureSizes } from "./size.ts";

interface Verdict {
  passed: boolean;
  /** What to show of a failure. */
  output: string;
  /** What to show in any case. */
  note?: string;
}

interface Gate {
  name: string;
  judge: () => Verdict | Promise<Verdict>;
}

const DENO = Deno.execPath();

const GATES: Gate[] = [
  { name: "format", judge: () => command("fmt", "--check") },
  { name: "lint", judge: () => command("lint") },
  { name: "types", judge: () => command("check", "--quiet", TOOLS_LOCK, ".") },
  { name: "floors and circles", judge: async () => verdict(await findFloorBreaches()) },
  { name: "one fetch loop", judge: () => verdict(findSecondEngines()) },
  { name: "one seam of shared memory", judge: () => verdict(findStrayAtomics()) },
  { name: "thin adapters", judge: judgeAdapters },
  { name: "faults have tests", judge: () => verdict(findFaultsWithoutTest()) },
  { name: "links lead somewhere", judge: () => verdict(findDeadLinks()) },
  { name: "documentation", judge: () => command("doc", "--lint", ...entryPoints()) },
  { name: "examples in the documentation", judge: () => command(...docTests()) },
  ...findPackages().map(({ name, folder }) => ({
    name: `publish ${name}`,
    judge: () => commandIn(folder, "publish", "--quiet", "--dry-run", "--allow-dirty"),
  })),
  { name: "public names agree", judge: () => verdict(findExportDrift()) },
  { name: "versions agree", judge: () => verdict(findVersionDrift()) },
  { name: "locks without addresses", judge: () => verdict(findAddressesInLocks()) },
  { name: "demo downloads no tools", judge: () => verdict(findToolsInLock()) },
  { name: "no machine in the tree", judge: async () => verdict(await findMachineNames()) },
  { name: "size", judge: judgeSizes },
];

function command(...args: string[]): Promise<Verdict> {
  return commandIn(".", ...args);
}

async function commandIn(folder: string, ...args: string[]): Promise<Verdict> {
  const { code, output } = await run([DENO, ...args], { folder });
  return { passed: code === 0, output: `deno ${args.join(" ")}\n${output}` };
}

function verdict(faults: string[]): Verdict {
  return { passed: faults.length === 0, output: faults.join("\n") };
}

function docTests(): string[] {
  const pages = [
    ...(exists("README.md") ? ["README.md"] : []),
    ...listFiles("docs", /\.md$/),
    ...listFiles("adapters", /\/README\.md$/),
  ];
  return ["test", "--doc", "--quiet", "--no-prompt", "-A", ...publishedFiles(), ...pages];
}

function judgeAdapters(): Verdict {
  const faults = findThickAdapters();
  if (faults.length > 0) return verdict(faults);
  const note = Array.from(measureAdapters(), ([name, lines]) => `${name} ${lines}`).join(", ");
  return { passed: true, output: "", note };
}

async function judgeSizes(): Promise<Verdict> {
  const sizes = await measureSizes();
  const passed = sizes.every(({ size, limit }) => size <= limit);
  const note = sizes.map(({ name, size }) => `${name} ${size} B`).join(", ");
  return { passed, output: describeSizes(sizes), note };
}

/** Runs a gate and tells whether it was passed. */
async function pass({ name, judge }: Gate): Promise<boolean> {
  const started = performance.now();
  let result: Verdict;
  try {
    result = await judge();
  } catch (error) {
    result = { passed: false, output: error instanceof Error ? error.message : String(error) };
  }
  const word = result.passed ? paint("green", "ok    ") : paint("red", "FAILED");
  const time = paint("dim", seconds(performance.now() - started));
  console.log(`  ${word} ${name}${result.note ? ` (${result.note})` : ""}  ${time}`);
  if (!result.passed) console.log(`\n${result.output.trim()}\n`);
  return result.passed;
}

const started = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
for (const gate of GATES) {
  if (await pass(gate)) total.passed++;
  else total.failed++;
}

const [...args] = Deno.args;
if (!args.includes("--no-tests")) {
  console.log();
  const { code, stdout } = await runLive([DENO, "run", "-A", "scripts/test.ts", ...args]);
  const counts = parseSummary(stdout) ?? { passed: 0, failed: 1, skipped: 0 };
  total.passed += counts.passed;
  total.failed += code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  total.skipped += counts.skipped;
}
console.log(`\nThe whole gate took ${seconds(performance.now() - started)}`);
console.log(summaryLine(total.passed, total.failed, total.skipped));
Deno.exit(total.failed > 0 ? 1 : 0);
