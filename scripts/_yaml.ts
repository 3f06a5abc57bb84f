/** What YAML has that is read here. */
export type Yaml = string | readonly Yaml[] | YamlMap;

/** A mapping. */
export interface YamlMap {
  readonly [name: string]: Yaml;
}

interface Line {
  readonly indent: number;
  readonly text: string;
}

const ENTRY = /^("[^"]*"|[\w.-]+):(?: +(.*))?$/;
const SIGNS = /^[{}[\],]$/;
const TOKEN = /"[^"]*"|[{}[\],]|[^\s{}[\],"](?:[^{}[\],"]*[^\s{}[\],"])?/g;

/**
 * Reads the YAML that this repository writes: mappings by indentation, lists and mappings in one line,
 * literal blocks; all scalars are text. Refuses everything else, and what is there twice.
 */
export function readYaml(text: string): YamlMap {
  const lines: Line[] = text.split("\n")
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"));
  const map = readMap(lines, 0);
  if (lines.length > 0) refuse(lines[0]!.text);
  return map;
}

/** The mapping that begins with the first line; takes its lines away. */
function readMap(lines: Line[], indent: number): YamlMap {
  const map: Record<string, Yaml> = {};
  while (lines[0]?.indent === indent) {
    const { text } = lines.shift()!;
    const [, name, rest] = ENTRY.exec(text) ?? refuse(text);
    if (Object.hasOwn(map, unquoted(name!))) refuse(text);
    map[unquoted(name!)] = readValue(rest, lines, indent);
  }
  return map;
}

function readValue(rest: string | undefined, lines: Line[], indent: number): Yaml {
  const inner = lines[0]?.indent ?? 0;
  if (rest === "|") {
    const block: string[] = [];
    while (lines.length > 0 && lines[0]!.indent > indent) {
      const { indent, text } = lines.shift()!;
      block.push(" ".repeat(indent - inner) + text);
    }
    return block.join("\n");
  }
  if (rest === undefined) return inner > indent ? readMap(lines, inner) : "";
  if (!/^["{[]/.test(rest)) return rest;
  const tokens = rest.match(TOKEN) ?? [];
  const value = readFlow(tokens);
  if (tokens.length > 0) refuse(rest);
  return value;
}

/** The value that begins with the first token; takes its tokens away. */
function readFlow(tokens: string[]): Yaml {
  const token = tokens.shift() ?? refuse("an end");
  if (token === "[") return readItems(tokens, "]", () => readFlow(tokens));
  if (token === "{") {
    const entries = readItems(tokens, "}", () => {
      const entry = tokens.shift() ?? refuse("an end");
      // A value that is quoted or a list is a token of its own.
      const [, name, rest] = /^([\w.-]+):(?: +(.+))?$/.exec(entry) ?? refuse(entry);
      return [name!, rest ?? readFlow(tokens)] as const;
    });
    return Object.fromEntries(entries);
  }
  return SIGNS.test(token) ? refuse(token) : unquoted(token);
}

function readItems<T>(tokens: string[], end: string, read: () => T): T[] {
  const items: T[] = [];
  while (tokens[0] !== end) {
    items.push(read());
    if (tokens[0] === ",") tokens.shift();
    else if (tokens[0] !== end) refuse(tokens[0] ?? "an end");
  }
  tokens.shift();
  return items;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}

function refuse(text: string): never {
  throw new SyntaxError(`Cannot read YAML at '${text}'`);
}
