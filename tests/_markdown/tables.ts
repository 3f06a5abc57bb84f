/** The tables of a page that begin with an empty cell, without the lines that divide them. */
export function tablesOf(page: string): string[][][] {
  return page.split(/\n\s*\n/)
    .filter((block) => /^\|\s+\|/.test(block))
    .map((block) =>
      block.trim().split("\n").filter((line) => !/^[|\s:-]+$/.test(line)).map(cellsIn)
    );
}

function cellsIn(line: string): string[] {
  return line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""));
}
