/**
 * The command line.
 *
 * @module
 */
import { type RuntimeName, RUNTIMES } from "./runtimes.ts";

/** What the command line asks for. */
export interface Options {
  /** Ids of the questions to answer; empty means all. */
  only: string[];
  /** Seconds per measurement. */
  seconds: number;
  /** Processes per subject. */
  count: number;
  peers: boolean;
  runtimes: RuntimeName[];
}

/** Fewer processes than this say little about a shared machine. */
const DEFAULT_COUNT = 9;
const DEFAULT_SECONDS = 0.1;

const USAGE = `deno task bench [options]
  --only Q[,Q]       answer these questions only (the figures of the others stay)
  --time S           seconds per measurement (default ${DEFAULT_SECONDS})
  --count N          processes per subject (default ${DEFAULT_COUNT})
  --no-peers         leave out the other libraries and the Go original
  --runtime R[,R]    of ${RUNTIMES.join(", ")} (default all)`;

/** Reads the command line; ends the program with the usage when it makes no sense. */
export function readOptions(args: string[], questions: readonly string[]): Options {
  const options: Options = {
    only: [],
    seconds: DEFAULT_SECONDS,
    count: DEFAULT_COUNT,
    peers: true,
    runtimes: [...RUNTIMES],
  };
  const runtimes: RuntimeName[] = [];
  const words = args.flatMap((word) => /^--\w+=/.test(word) ? splitOnce(word) : [word]);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === "--no-peers") options.peers = false;
    else if (word === "--only") options.only.push(...choices(words[++i], questions));
    else if (word === "--runtime") runtimes.push(...choices(words[++i], RUNTIMES));
    else if (word === "--time") options.seconds = positive(words[++i]);
    else if (word === "--count") options.count = Math.ceil(positive(words[++i]));
    else if (word === "--help") leave(`questions: ${questions.join(", ")}`, 0);
    else leave(`unknown: ${word}`, 2);
  }
  if (runtimes.length > 0) options.runtimes = runtimes;
  return options;
}

function splitOnce(word: string): string[] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}

function choices<T extends string>(list: string | undefined, allowed: readonly T[]): T[] {
  const chosen = (list ?? "").split(",") as T[];
  const wrong = chosen.find((one) => !allowed.includes(one));
  if (wrong !== undefined) leave(`"${wrong}" is none of ${allowed.join(", ")}`, 2);
  return chosen;
}

function positive(text: string | undefined): number {
  const value = Number(text);
  if (!(value > 0)) leave(`"${text}" is no positive number`, 2);
  return value;
}

function leave(message: string, code: number): never {
  console.error(`${USAGE}\n${message}`);
  Deno.exit(code);
}
