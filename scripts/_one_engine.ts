import { codeOf, loopsIn } from "./_code.ts";
import { readText } from "./_files.ts";
import { publishedFiles } from "./_graph.ts";

/** The only file of a bus that fetches in a loop, and the only one that opens a source. */
const FEED = "src/transport/feed.ts";
const ENGINE = "src/transport/engine.ts";

/**
 * Who speaks of `fetch` otherwise than by having one. `"calls"`: it calls one, outside of loops, and has
 * no timers. `"texts"`: it says the word. `"web"`: its `fetch` is that of servers and browsers. In a file
 * that is not here the name stands where a `fetch` is defined, and nowhere else: who takes one out of a
 * source, by whatever syntax, has to be put here, and read by a person.
 */
const SPEAKERS: Readonly<Record<string, "loops" | "calls" | "texts" | "web">> = {
  [FEED]: "loops",
  // What a lane of the simulation is lost at.
  "src/memory/lane_fate.ts": "texts",
  "src/memory/source.ts": "texts",
  // It works a source call by call, in the place of the engine, for tests of what a source must do.
  "src/testing/hand.ts": "loops",
  // The engine's call goes on to the client, whose method has the same name.
  "adapters/kafka/fetcher.ts": "calls",
  "adapters/kafka/group_source.ts": "calls",
  "adapters/kafka/reader_source.ts": "calls",
  "adapters/http/fetch_poster.ts": "web",
  "adapters/http/listen.ts": "web",
  "adapters/http/webhook_subscriber.ts": "web",
  "adapters/http/webhook_transport.ts": "web",
};

/** Who opens a source beside the engine. */
const OPENERS = [ENGINE, "src/testing/hand.ts"];

const FETCH = /(?<![\w$#])fetch(?![\w$])/g;
const CALLED = /^\s*(?:\?\.|!)?\s*\(/;
/** A method, or a property that is a function. */
const DEFINED = /^\s*(?:\?\s*)?(?:\(|:\s*(?:async\b|function\b|\())/;

/** What takes the `source` out of a transport: a member, its name as text, a pattern. A comparison does not. */
const OPEN = [
  /(?<=\.\s*)(?<![\w$#])source(?![\w$])(?!\s*[!=]==)/g,
  /(?<=["'`])source(?=["'`])/g,
  /\{[^{}]*(?<![\w$#.])source(?![\w$])[^{}]*\}(?=\s*(?:=(?![=>])|:\s*\w))/g,
];
const OPEN_CALL =
  /(?<=\.\s*)(?<![\w$#])source\s*(?:\?\.|!)?\s*(?:\(|\.\s*(?:call|apply|bind)\b)|\[\s*"source"\s*\]/g;

/** Rooms that know what a transport is: elsewhere a `source` is that of an event. */
const KNOWS = /^src\/(?:transport|memory|router|middleware|local|stream|testing)\//;

const TIMER = /\b(?:setTimeout|setInterval|setImmediate|AbortSignal\s*\.\s*timeout)\b|node:timers/g;
/** Ways to a timer by a name that is put together. */
const PLATFORM = /\b(?:globalThis|Reflect)\b/g;

/** What an adapter consists of has no waits of its own: the engine and the outlet have them. */
const THIN = /^adapters\/.*\/(?:\w+_)?(?:source|sink|admin)\.ts$/;

/** Places where something consumes beside the one engine, or could. */
export function findSecondEngines(): string[] {
  return publishedFiles().flatMap((file) => secondEnginesIn(file, readText(file)));
}

/** The same for one file. */
export function secondEnginesIn(file: string, text: string): string[] {
  const code = codeOf(text);
  const breaches = [...foreignFetches(file, code), ...foreignSources(file, code)];
  if (THIN.test(file) || (SPEAKERS[file] === "calls" && file.startsWith("adapters/"))) {
    breaches.push(...placesOf(code, TIMER, "an adapter has no timer"));
  }
  if (THIN.test(file)) {
    breaches.push(...placesOf(code, PLATFORM, "an adapter asks the platform for nothing"));
  }
  return breaches.map(([at, what]) => `${file}:${code.slice(0, at).split("\n").length} ${what}`);
}

type Breach = [at: number, what: string];

function foreignFetches(file: string, code: string): Breach[] {
  const how = SPEAKERS[file];
  if (how === "loops" || how === "web") return [];
  const loops = loopsIn(code);
  return Array.from(code.matchAll(FETCH)).flatMap(({ index }): Breach[] => {
    const before = /\S?(?=\s*$)/.exec(code.slice(Math.max(index - 80, 0), index))![0];
    const after = code.slice(index + "fetch".length);
    const isMember = before === ".";
    if (!isMember && before !== '"' && DEFINED.test(after)) return [];
    if (before === '"' && how !== undefined && !/\[\s*"$/.test(code.slice(0, index))) return [];
    if (how !== "calls") return [[index, `only ${FEED} fetches`]];
    if (!isMember || !CALLED.test(after)) return [[index, "a fetch is called, not carried about"]];
    const isRepeated = loops.some(([from, to]) => index > from && index < to);
    return isRepeated ? [[index, `a loop that fetches: ${FEED} is the only one`]] : [];
  });
}

function foreignSources(file: string, code: string): Breach[] {
  if (OPENERS.includes(file)) return [];
  const patterns = KNOWS.test(file) ? OPEN : [OPEN_CALL];
  return patterns.flatMap((pattern) => placesOf(code, pattern, `only ${ENGINE} opens a source`));
}

function placesOf(code: string, pattern: RegExp, what: string): Breach[] {
  return Array.from(code.matchAll(pattern), ({ index }): Breach => [index, what]);
}
