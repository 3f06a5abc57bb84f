/** What came out of one suite on one runtime. */
export interface Outcome {
  passed: number;
  failed: number;
  /** The names of the tests that were not run, which hold the reasons. */
  skipped: string[];
  /** What to show of a failure. */
  output: string;
}

/** An outcome without any test. */
export function emptyOutcome(): Outcome {
  return { passed: 0, failed: 0, skipped: [], output: "" };
}

/** A suite that could not run here. With `BEAT_REQUIRE_SERVICES=1` that is a failure. */
export function notRun(reason: string): Outcome {
  return Deno.env.get("BEAT_REQUIRE_SERVICES") === "1"
    ? { ...emptyOutcome(), failed: 1, output: `Could not run: ${reason}` }
    : { ...emptyOutcome(), skipped: [`not run: ${reason}`] };
}

/** The line that every command of this repository ends with. */
export function summaryLine(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Finds the last summary line in the output of a command. */
export function parseSummary(
  output: string,
): { passed: number; failed: number; skipped: number } | undefined {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  if (last === undefined) return undefined;
  return { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3]) };
}
