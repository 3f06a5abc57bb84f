import { readText } from "./_files.ts";
import { publishedFiles } from "./_graph.ts";

/** The only file that fetches, and the only one that opens a source. */
const FEED = "src/transport/feed.ts";
const ENGINE = "src/transport/engine.ts";
/** It stands for a consumer that was killed: it takes once, and does nothing with it. */
const ZOMBIE = "src/testing/zombie.ts";

const FETCH = /(?:\.\s*fetch|\[\s*"fetch"\s*\])\s*(?:\?\.|!|\.\s*(?:call|apply|bind))?\s*\(/g;
const OPEN = /(?:\.\s*source|\[\s*"source"\s*\])\s*(?:\?\.|!|\.\s*(?:call|apply|bind))?\s*\(/g;
const TIMER = /\bset(?:Timeout|Interval|Immediate)\b/g;

/** What an adapter consists of has no waits of its own: the engine and the outlet have them. */
const THIN = /^adapters\/.*\/(?:\w+_)?(?:source|sink|admin)\.ts$/;

/** The conformance suite looks at sources from outside, which is its job. */
const INSPECTOR = "src/testing/";

/** Places where something consumes beside the one engine. */
export function findSecondEngines(): string[] {
  const files = publishedFiles().filter((file) => !file.startsWith(INSPECTOR));
  return files.flatMap((file) => secondEnginesIn(file, readText(file)));
}

/** The same for one file. */
export function secondEnginesIn(file: string, text: string): string[] {
  const code = blankOut(text);
  const breaches: string[] = [];
  const report = (at: number, what: string) =>
    breaches.push(`${file}:${code.slice(0, at).split("\n").length} ${what}`);
  if (file === ZOMBIE) return breaches;
  if (file.startsWith("src/")) {
    if (file !== FEED) {
      for (const { index } of code.matchAll(FETCH)) report(index, `only ${FEED} fetches`);
    }
    if (file !== ENGINE) {
      for (const { index } of code.matchAll(OPEN)) report(index, `only ${ENGINE} opens a source`);
    }
    return breaches;
  }
  for (const [from, to] of findLoops(code)) {
    for (const { index } of code.slice(from, to).matchAll(FETCH)) {
      report(from + index, `a loop that fetches: ${FEED} is the only one`);
    }
  }
  if (THIN.test(file)) {
    for (const { index } of code.matchAll(TIMER)) report(index, "an adapter has no timer");
  }
  return [...new Set(breaches)];
}

/** Comments and texts become blanks, so that every place keeps its line. */
function blankOut(text: string): string {
  const parts = /\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  // A name in brackets is no text but a member.
  return text.replace(
    parts,
    (part) => part === '"fetch"' || part === '"source"' ? part : part.replace(/[^\n]/g, " "),
  );
}

/** From where to where loops go, heads included. */
function findLoops(code: string): [from: number, to: number][] {
  return Array.from(code.matchAll(/\b(?:for|while|do)\b/g), ({ index, 0: word }) => {
    let at = index + word.length;
    const head = /^\s*(?:await\s*)?\(/.exec(code.slice(at));
    if (word !== "do" && head !== null) at = endOf(code, at + head[0].length - 1);
    const body = /^\s*\{/.exec(code.slice(at));
    const end = body === null ? code.indexOf(";", at) : endOf(code, at + body[0].length - 1);
    return [index, end === -1 ? code.length : end];
  });
}

/** Behind the bracket that closes the one at `at`. */
function endOf(code: string, at: number): number {
  let depth = 0;
  for (let end = at; end < code.length; end++) {
    if ("({[".includes(code[end]!)) depth++;
    else if (")}]".includes(code[end]!) && --depth === 0) return end + 1;
  }
  return code.length;
}
