const STRING = `"(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\\\n])*'|\`[\\w$]*\``;

/** One part of a program: a comment, texts that `+` joins, a regular expression, a bracket, or the rest. */
const PART = new RegExp(
  [
    "/\\*[^]*?\\*/|//.*",
    `(?:${STRING})(?:\\s*\\+\\s*(?:${STRING}))*`,
    "(?<=[=(,:!&|?[;{}]\\s*|\\breturn\\s+)/(?:\\\\.|\\[(?:\\\\.|[^\\]\\\\\\n])*\\]|[^/\\\\\\n[])+/[a-z]*",
    "[`{}]|[^/\"'`{}]+|[^]",
  ].join("|"),
  "y",
);

/** One part of a template. */
const TEMPLATE_PART = /\\[^]|\$\{|[^\\$`]+|[^]/y;

/** A text that may be the name of a member or of a module that matters. */
const NAME = /^(?:\w+|node:timers.*)$/;

/**
 * The code of a program alone, every part in its place: comments, regular expressions and texts become
 * blanks, except texts that are one word, as that may be the name of a member.
 */
export function codeOf(text: string): string {
  const parts: string[] = [];
  /** How many braces were open where each template that is not at its end was left for code. */
  const left: number[] = [];
  let braces = 0;
  let inTemplate = false;
  for (let at = 0; at < text.length;) {
    const part = partAt(inTemplate ? TEMPLATE_PART : PART, text, at);
    at += part.length;
    if (inTemplate) {
      parts.push(part === "${" ? " {" : blank(part));
      if (part === "${") left.push(braces++);
      inTemplate = part !== "${" && part !== "`";
      continue;
    }
    if (part === "{") braces++;
    if (part === "}" && --braces === left.at(-1)) {
      left.pop();
      inTemplate = true;
    }
    if (part === "`") inTemplate = true;
    parts.push(partOfCode(part));
  }
  return parts.join("");
}

/** From where to where loops go, heads included. */
export function loopsIn(code: string): [from: number, to: number][] {
  return Array.from(code.matchAll(/\b(?:for|while|do)\b/g), ({ index, 0: word }) => {
    let at = index + word.length;
    const head = /^\s*(?:await\s*)?\(/.exec(code.slice(at));
    if (word !== "do" && head !== null) at = endOf(code, at + head[0].length - 1);
    const body = /^\s*\{/.exec(code.slice(at));
    const end = body === null ? code.indexOf(";", at) : endOf(code, at + body[0].length - 1);
    return [index, end === -1 ? code.length : end];
  });
}

function partAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)![0];
}

function partOfCode(part: string): string {
  if (/^["'`]./.test(part)) {
    const texts = part.match(new RegExp(STRING, "g"))!.map((one) => one.slice(1, -1));
    const name = texts.join("");
    if (!NAME.test(name)) return blank(part);
    return `"${name}"${blank(part.slice(name.length + 2))}`;
  }
  return /^\/./.test(part) || part === "`" ? blank(part) : part;
}

function blank(part: string): string {
  return part.replace(/[^\n]/g, " ");
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
