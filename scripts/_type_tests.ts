import { TOOLS_LOCK } from "./_files.ts";
import { emptyOutcome, type Outcome } from "./_outcome.ts";
import { run } from "./_process.ts";

/** Type-checks the files; each counts as one test. */
export async function checkTypeTests(files: string[]): Promise<Outcome> {
  const all = await check(files);
  if (all.code === 0) return { ...emptyOutcome(), passed: files.length };

  // Only now is it worth the time to find out which of them fail.
  const outcome = { ...emptyOutcome(), output: all.output };
  for (const file of files) {
    if ((await check([file])).code === 0) outcome.passed++;
    else outcome.failed++;
  }
  if (outcome.failed === 0) outcome.failed = 1;
  return outcome;
}

function check(files: string[]) {
  return run([Deno.execPath(), "check", "--quiet", TOOLS_LOCK, ...files]);
}
