/** A fenced block of TypeScript in a page. */
export interface Snippet {
  /** The line of its fence, from 1. */
  line: number;
  code: string;
}

/** The opening fence with what is written behind it, the code, and the closing fence. */
const FENCED = /^([ \t]*)(`{3,})(?:ts|typescript)\b([^\n]*)\n(.*?)^[ \t]*\2[ \t]*$/gms;

/** All blocks of TypeScript in a page but those that say `ignore`, as `deno test --doc` has it. */
export function snippetsIn(page: string): Snippet[] {
  return [...page.replaceAll("\r\n", "\n").matchAll(FENCED)]
    .filter(([, , , attributes]) => !/\bignore\b/.test(attributes))
    .map(({ 1: indent, 4: code, index, input }) => ({
      line: input.slice(0, index).split("\n").length,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }));
}

/** The same code to be run elsewhere: what it imports by a path beside its page is found all the same. */
export function anchored(code: string, page: URL): string {
  return code.replaceAll(
    /^(import .*? from )"(\.{1,2}\/[^"]+)"/gms,
    (_, head, path) => `${head}"${new URL(path, page).href}"`,
  );
}
