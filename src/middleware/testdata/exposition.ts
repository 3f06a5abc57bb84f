/** A metric with its samples. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

/** One line with a value. */
export interface Sample {
  /** Name and labels as they are written. */
  readonly text: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** The metric that a sample of a histogram belongs to, by the end of its name. */
const PART = /_(?:bucket|sum|count)$/;

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const TYPE = /^(?:counter|gauge|histogram|summary|untyped)$/;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|(?=\}))/y;
/** What Go reads as a float, as far as it is decimal. */
const VALUE = / ([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)$/y;

/**
 * Reads the text format of Prometheus, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), as strictly as it is described, and
 * stricter where producers should be: each metric tells its help and its type, in this order.
 */
export function parseExposition(text: string): Family[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) fail("the last line has no end", text.slice(-80));
  const families: (Family & { samples: Sample[] })[] = [];
  const lines = text.slice(0, -1).split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.startsWith("#")) {
      const [, kind, name, help] = HEAD.exec(line) ?? fail("no head", line);
      const [, second, same, type] = HEAD.exec(lines[++at] ?? "") ?? fail("no type", line);
      if (kind !== "HELP" || second !== "TYPE" || name !== same) fail("heads out of order", line);
      if (!TYPE.test(type!)) fail("no type", type!);
      if (families.some((family) => family.name === name)) fail("a metric in two groups", name!);
      if (/\\(?![\\n])/.test(help!)) fail("a bad escape", help!);
      families.push({ name: name!, help: help!, type: type!, samples: [] });
      continue;
    }
    const family = families.at(-1) ?? fail("a sample without a head", line);
    const sample = parseSample(line);
    const owner = family.type === "histogram" ? sample.name.replace(PART, "") : sample.name;
    if (owner !== family.name) fail(`a sample within '${family.name}'`, line);
    if (family.samples.some(({ text }) => text === sample.text)) fail("a sample twice", line);
    if (family.type === "counter" && !(sample.value >= 0)) fail("a counter below 0", line);
    family.samples.push(sample);
  }
  for (const family of families) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function parseSample(line: string): Sample {
  const name = at(NAME, line, 0)?.[0] ?? fail("no name", line);
  const labels = new Map<string, string>();
  let end = name.length;
  if (line[end] === "{") {
    for (end++; line[end] !== "}";) {
      const [whole, label, value] = at(LABEL, line, end) ?? fail("no label", line);
      if (labels.has(label!) || label!.startsWith("__")) fail(`label '${label}'`, line);
      labels.set(label!, value!.replace(/\\(.)/g, (_, one) => one === "n" ? "\n" : one));
      end += whole.length;
    }
    end++;
  }
  const [, value] = at(VALUE, line, end) ?? fail("no value", line);
  return { text: line.slice(0, end), name, labels, value: numberOf(value!) };
}

/** Each series has growing buckets up to infinity, whose counts grow too, a sum and a count. */
function checkHistogram({ name, samples }: Family): void {
  const series = Map.groupBy(samples, ({ labels }) => {
    return JSON.stringify([...labels].filter(([label]) => label !== "le"));
  });
  for (const [labels, own] of series) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => numberOf(labels.get("le") ?? "NaN"));
    const counts = buckets.map(({ value }) => value);
    const count = own.filter((sample) => sample.name === `${name}_count`);
    const sum = own.filter((sample) => sample.name === `${name}_sum`);
    if (count.length !== 1 || sum.length !== 1) fail("no sum or no count", `${name} ${labels}`);
    if (own.length !== buckets.length + 2) fail("a sample of its own name", `${name} ${labels}`);
    if (bounds.at(-1) !== Infinity) fail("no bucket of +Inf", `${name} ${labels}`);
    if (!bounds.every((bound, at) => at === 0 || bound > bounds[at - 1]!)) {
      fail("buckets out of order", `${name} ${labels}`);
    }
    if (!counts.every((one, at) => Number.isInteger(one) && (at === 0 || one >= counts[at - 1]!))) {
      fail("counts that fall", `${name} ${labels}`);
    }
    if (counts.at(-1) !== count[0]!.value) fail("a count of its own", `${name} ${labels}`);
  }
}

function numberOf(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}

function at(pattern: RegExp, line: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index;
  return pattern.exec(line);
}

function fail(what: string, line: string): never {
  throw new Error(`Prometheus would not take this: ${what}: ${JSON.stringify(line)}`);
}
