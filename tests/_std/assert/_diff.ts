import { format } from "./_format.ts";

// Above this many line pairs the table below costs more than the help is worth.
const MAX_CELLS = 1_000_000;

/** Shows line by line how `actual` (-) differs from `expected` (+). */
export function describeDifference(actual: unknown, expected: unknown): string {
  const left = format(actual).split("\n");
  const right = format(expected).split("\n");
  const body = left.length * right.length > MAX_CELLS
    ? [...left.map((line) => `-   ${line}`), ...right.map((line) => `+   ${line}`)]
    : diffLines(left, right);
  const note = left.join("\n") === right.join("\n")
    ? "\n(both look the same when written out)"
    : "";
  return `\n    [Diff] Actual / Expected\n\n${body.join("\n")}${note}\n`;
}

/** The shortest edit from `left` to `right`, by the longest common subsequence. */
function diffLines(left: string[], right: string[]): string[] {
  const width = right.length + 1;
  const common = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      common[i * width + j] = left[i] === right[j]
        ? common[(i + 1) * width + j + 1]! + 1
        : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push(`    ${left[i]}`);
      i++;
      j++;
    } else if (
      j >= right.length ||
      (i < left.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      lines.push(`-   ${left[i++]}`);
    } else {
      lines.push(`+   ${right[j++]}`);
    }
  }
  return lines;
}
