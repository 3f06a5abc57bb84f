/** What a metric is called and told apart by. */
export interface MetricName {
  /** Its full name. */
  readonly name: string;
  /** What it says. */
  readonly help: string;
  /** The names of its labels; their values come in the same order. */
  readonly labels: readonly string[];
}

/** A metric that can be written in the text format of Prometheus. */
export interface Metric {
  /** Its lines, in the order that the format asks for. */
  lines(): string[];
}

/** Values by the values of labels; their number is bounded by what handlers and publishers are called. */
class Series<T> {
  readonly #byLabels = new Map<string, { labels: readonly string[]; value: T }>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** The value of some labels, made at their first use. */
  at(labels: readonly string[]): { value: T } {
    const key = labels.join("\0");
    let found = this.#byLabels.get(key);
    if (found === undefined) this.#byLabels.set(key, found = { labels, value: this.#make() });
    return found;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#byLabels.clear();
  }

  /** All of them, in the order of their first use. */
  all(): Iterable<{ labels: readonly string[]; value: T }> {
    return this.#byLabels.values();
  }
}

/** A number: a counter that only grows, or a gauge. */
export class NumberMetric implements Metric {
  readonly #name: MetricName;
  readonly #type: "counter" | "gauge";
  readonly #series: Series<number> = new Series(() => 0);

  constructor(type: "counter" | "gauge", name: MetricName) {
    this.#type = type;
    this.#name = name;
  }

  /** The number of some labels, to be changed in place; who needs it often keeps it. */
  at(...labels: string[]): { value: number } {
    return this.#series.at(labels);
  }

  /** Forgets what was measured, with its labels. */
  clear(): void {
    this.#series.clear();
  }

  lines(): string[] {
    const { name } = this.#name;
    const samples = Array.from(
      this.#series.all(),
      ({ labels, value }) => `${name}${labelText(this.#name, labels)} ${numberText(value)}`,
    );
    return [...headOf(this.#name, this.#type), ...samples];
  }
}

/** How often values fell into the ranges of a histogram, and their sum. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** One more than there are bounds: the last range has none. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  /** Notes a value. */
  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > this.#bounds[at]!) at++;
    this.counts[at]!++;
    this.sum += value;
  }
}

/** Distributions by labels. */
export class HistogramMetric implements Metric {
  readonly #name: MetricName;
  readonly #bounds: readonly number[];
  readonly #series: Series<Distribution>;

  /** `bounds` are the upper ends of the ranges, growing. */
  constructor(name: MetricName, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
    this.#series = new Series(() => new Distribution(bounds));
  }

  /** The distribution of some labels; who needs it often keeps it. */
  at(...labels: string[]): Distribution {
    return this.#series.at(labels).value;
  }

  lines(): string[] {
    const { name } = this.#name;
    const lines = headOf(this.#name, "histogram");
    for (const { labels, value: { counts, sum } } of this.#series.all()) {
      let total = 0;
      counts.forEach((count, at) => {
        total += count;
        const bound = numberText(this.#bounds[at] ?? Infinity);
        lines.push(`${name}_bucket${labelText(this.#name, labels, bound)} ${total}`);
      });
      lines.push(`${name}_sum${labelText(this.#name, labels)} ${numberText(sum)}`);
      lines.push(`${name}_count${labelText(this.#name, labels)} ${total}`);
    }
    return lines;
  }
}

function headOf({ name, help }: MetricName, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText({ labels }: MetricName, values: readonly string[], bound?: string): string {
  const pairs = labels.map((label, at) => `${label}="${escapeLabel(values[at]!)}"`);
  if (bound !== undefined) pairs.push(`le="${bound}"`);
  return `{${pairs.join()}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}

function numberText(value: number): string {
  return value === Infinity ? "+Inf" : String(value);
}
