import { emptyOutcome, type Outcome } from "./_outcome.ts";
import type { Finished } from "./_process.ts";

/** Counts the cases of a JUnit report, as Deno, Bun and Node write it. */
export function countCases(report: string): Outcome {
  const outcome = emptyOutcome();
  for (const part of report.split("<testcase ").slice(1)) {
    // What follows the case itself (comments, the next suite) must not be counted.
    const element = part.split(/<\/testcase>|<testsuite|<\/testsuite/)[0]!;
    if (/<(failure|error)\b/.test(element)) outcome.failed++;
    else if (/<skipped\b/.test(element)) outcome.skipped.push(nameOf(element));
    else outcome.passed++;
  }
  return outcome;
}

/** Judges a finished test process by its report and its exit code together. */
export function judge(report: string | undefined, { code, output }: Finished): Outcome {
  const outcome = { ...countCases(report ?? ""), output };
  const ran = outcome.passed + outcome.failed + outcome.skipped.length;
  // A file that does not parse leaves no counted failure, and an empty run is no success.
  if (code !== 0 && outcome.failed === 0) {
    outcome.failed = 1;
    outcome.output += `\nExit code ${code} without a failed test\n`;
  } else if (ran === 0) {
    outcome.failed = 1;
    outcome.output += "\nNo test was run\n";
  }
  return outcome;
}

function nameOf(element: string): string {
  const name = /\bname="([^"]*)"/.exec(element)?.[1] ?? "?";
  return name
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
