/**
 * What continuous integration runs: the gate, all suites on all runtimes, the models,
 * half a minute of faults for each broker.
 *
 * @module
 */

import { readJson } from "./_files.ts";
import { parseSummary, summaryLine } from "./_outcome.ts";
import { runLive } from "./_process.ts";

const tasks: Record<string, unknown> = readJson("deno.json").tasks;
const steps = [
  ["ok", "--no-tests"],
  ["test", "--all"],
  ...("verify" in tasks ? [["verify"]] : []),
  ...("soak" in tasks ? [["soak", "--minutes", "0.5", "--seed", "1"]] : []),
];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const step of steps) {
  console.log(`\n── deno task ${step.join(" ")}\n`);
  const { code, stdout } = await runLive([Deno.execPath(), "task", ...step], {
    // A suite that cannot run here must not go unnoticed.
    BEAT_REQUIRE_SERVICES: "1",
  });
  const counts = parseSummary(stdout) ?? { passed: 0, failed: 0, skipped: 0 };
  total.passed += counts.passed;
  total.failed += code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  total.skipped += counts.skipped;
}
console.log(`\n── all\n\n${summaryLine(total.passed, total.failed, total.skipped)}`);
Deno.exit(total.failed > 0 ? 1 : 0);
