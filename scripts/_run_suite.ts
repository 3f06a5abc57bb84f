import { ROOT_URL, TOOLS_LOCK, toPath } from "./_files.ts";
import type { Collected } from "./_collected.ts";
import { emptyOutcome, notRun, type Outcome } from "./_outcome.ts";
import { judge } from "./_junit.ts";
import { run } from "./_process.ts";
import { isPinned, locate, type RuntimeName } from "./_runtimes.ts";
import { type Suite, testFiles } from "./_suites.ts";
import { findTestServices } from "./_test_services.ts";

/** Milliseconds that one suite may take on one runtime. */
const SUITE_LIMIT = 300_000;
/** Milliseconds that one test may take, where the runner can be told. */
const TEST_LIMIT = 120_000;

/** Runs one suite on one runtime, in a process of its own. */
export async function runSuite(
  suite: Suite,
  runtime: RuntimeName,
  install: boolean,
): Promise<Outcome> {
  const files = testFiles(suite, runtime);
  if (files.length === 0) return emptyOutcome();
  // Tests kill servers and not the machine: to wait for its disk would show nothing more.
  const services = await findTestServices(suite.services ?? [], install, { inMemory: true });
  if ("missing" in services) return notRun(services.missing);
  const { env } = services;
  if (runtime === "deno") {
    return await runProcess((report) => denoCommand(suite, files, report), env);
  }
  if (runtime === "workerd") return await runBundled(() => inWorkerd(files));
  if (runtime === "chromium") return await runBundled(() => inChromium(files, install));
  if (!isPinned(runtime)) throw new TypeError(`Cannot run a suite on '${runtime}'`);
  const located = await locate(runtime, install);
  if ("missing" in located) return notRun(located.missing);
  const command = runtime === "bun" ? bunCommand : nodeCommand;
  return await runProcess((report) => command(located.program, suite, files, report), {
    ...env,
    // Node would strip the types of every module anew in each process and thread.
    NODE_COMPILE_CACHE: toPath(new URL(".runtimes/compiled", ROOT_URL)),
  });
}

/** Runs tests where there is no test runner. */
async function runBundled(start: () => Promise<Collected[] | string>): Promise<Outcome> {
  const results = await start();
  return typeof results === "string" ? notRun(results) : fromCollected(results);
}

async function inWorkerd(files: string[]): Promise<Collected[] | string> {
  const workerd = await load<typeof import("./_workerd.ts")>("./_workerd.ts");
  return typeof workerd === "string" ? workerd : await workerd.runInWorkerd(files);
}

async function inChromium(files: string[], install: boolean): Promise<Collected[] | string> {
  const chromium = await load<typeof import("./_chromium.ts")>("./_chromium.ts");
  if (typeof chromium === "string") return chromium;
  const browser = await chromium.findChromium(install);
  if ("missing" in browser) return browser.missing;
  return await chromium.runInChromium(browser.program, files);
}

/**
 * Loads a module, or tells why its npm packages cannot be had.
 *
 * With a literal in the place of `path`, Deno would download them before anybody asks for them.
 */
async function load<Module>(path: string): Promise<Module | string> {
  try {
    return await import(path);
  } catch (error) {
    return `${path} cannot be loaded: ${error instanceof Error ? error.message : error}`;
  }
}

async function runProcess(
  command: (report: string) => string[],
  env: Record<string, string>,
): Promise<Outcome> {
  const report = await Deno.makeTempFile({ prefix: "beat-", suffix: ".xml" });
  try {
    const finished = await run(command(report), { env, timeLimit: SUITE_LIMIT });
    return judge(await Deno.readTextFile(report), finished);
  } finally {
    await Deno.remove(report);
  }
}

function denoCommand(suite: Suite, files: string[], report: string): string[] {
  const sanitizers = suite.sanitize ? ["--sanitize-ops", "--sanitize-resources"] : [];
  return [
    Deno.execPath(),
    "test",
    "--quiet",
    "--no-check",
    "--no-prompt",
    TOOLS_LOCK,
    ...(suite.permissions ?? []),
    ...sanitizers,
    `--junit-path=${report}`,
    ...files,
  ];
}

function bunCommand(program: string, _suite: Suite, files: string[], report: string): string[] {
  return [
    program,
    "test",
    `--timeout=${TEST_LIMIT}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    // Without "./" Bun takes a path for a filter.
    ...files.map((file) => `./${file}`),
  ];
}

function nodeCommand(program: string, suite: Suite, files: string[], report: string): string[] {
  // Node would run files at the same time; one that restarts a server would take it from the others. In
  // one process no file has to load again what all of them need: that is half of the time of thirty.
  const inTurn = suite.services === undefined || files.length === 1
    ? []
    : ["--test-isolation=none"];
  return [
    program,
    // Node 22 warns of type stripping in every file.
    "--disable-warning=ExperimentalWarning",
    "--test",
    `--test-timeout=${TEST_LIMIT}`,
    ...inTurn,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=junit",
    `--test-reporter-destination=${report}`,
    ...files,
  ];
}

/** Turns what a bundle reports into an outcome. */
function fromCollected(results: Collected[]): Outcome {
  const failures = results.filter((result) => result.error !== undefined);
  const skipped = results.filter((result) => result.skipped).map((result) => result.name);
  return {
    passed: results.length - failures.length - skipped.length,
    failed: failures.length + (results.length === 0 ? 1 : 0),
    skipped,
    output: results.length === 0
      ? "No test was run"
      : failures.map(({ name, error }) => `${name}\n${error}\n`).join("\n"),
  };
}
