/**
 * What a question, a subject and a result row are.
 *
 * @module
 */

/** Has the process run other code through the same call sites before? See `subjects/used.ts`. */
export type State = "fresh" | "used";

/** The state of a row: `any` where a subject is neither fresh nor used. */
export type RowState = State | "any";

/**
 * What a question measures. All of them are "smaller is better" inside; a rate, in millions or in
 * `thousands`, and `ms` are displays of ns. `p99` is the time that one operation of a hundred exceeds. `bytes`
 * is what an operation leaves for the garbage collector, `live` what it keeps from it, `memory` what
 * the whole process grows by.
 */
export type Measure =
  | "ns"
  | "rate"
  | "thousands"
  | "ms"
  | "p99"
  | "bytes"
  | "live"
  | "memory"
  | "seconds";

/**
 * Who a subject is: this project, a library people use for the same thing, a lower bound that no
 * bus can beat (a bare call; the control of a meter is one too), or the Go original.
 */
export type Kind = "ours" | "peer" | "bound" | "go";

/** A limit on a subject's median in one state. Nanoseconds are multiplied by C, bytes are not. */
export interface Goal {
  /** The limit itself, or what is added to `of`, or the factor on `of`. */
  limit: number;
  /** The subject that the limit is relative to. */
  of?: string;
  /** How `limit` relates to `of`: `plus` adds to it, `times` multiplies it. */
  relation?: "plus" | "times";
  /** The state that is judged. @default "used" */
  state?: State;
  /** A stretch goal is printed and judged, but not reaching it is no failure. */
  stretch?: boolean;
}

/** What a process of a subject runs. */
export interface Work {
  /** Makes ready what `rounds` rounds need; not measured. */
  prepare?(rounds: number): void | Promise<void>;
  /** Runs `rounds` rounds, and resolves when everything it emitted has been handled. */
  run(rounds: number): void | Promise<void>;
  /** A round without its operations, where the wait of a round is of a kind of its own. */
  idle?(): void | Promise<void>;
  /** Operations (emits, subscriptions) in a round. @default 1 */
  opsPerRound?: number;
  /** Handler calls that a round must cause. @default opsPerRound */
  handledPerRound?: number;
  /** Removes what it has left elsewhere. */
  end?(): Promise<void>;
}

/** What holds the watch itself: a stream that never stops, times from one place to another, memory. */
export interface OwnWork {
  /** Measures for about so many seconds; rejects when anything was not handled. */
  measure(seconds: number): Promise<Sample>;
  /** Removes what it has left elsewhere. */
  end?(): Promise<void>;
}

/** One thing measured: a library in one form of use. */
export type Subject = ProcessSubject | OutsideSubject;

interface SubjectFields {
  name: string;
  kind: Kind;
  goals?: Goal[];
  /** Does one failing handler leave the others and the process alone? */
  isolates?: boolean;
  /** Published figure of the Go original's HEAD in ns, from another machine. */
  goHead?: number;
  /** The server that it needs, by the name that `deno task services` knows. */
  server?: string;
  /** The package that it needs and that stands in no lock file, with its version. */
  pack?: string;
}

/** A subject that each runtime measures in a process of its own. */
export interface ProcessSubject extends SubjectFields {
  /** Builds the work; the process is measured after it. */
  setup(): Work | OwnWork | Promise<Work | OwnWork>;
  /** Runs the same library's code with other handlers and shapes, for the state `used`. */
  use(): void | Promise<void>;
}

/** A program in Go: the original, or a router to compare with. */
export type GoProgram = "beat" | "watermill";

/** A subject that another program measures: one in Go, or `deno check`. */
export interface OutsideSubject extends SubjectFields {
  /** What its rows say for a runtime. */
  runtime: "go" | "deno";
  /** What must be built before. */
  program?: GoProgram;
  /** One process; the orchestrator calls it. */
  sample(seconds: number): Promise<Sample>;
}

/** A variation of a question whose subjects are compared with each other. */
export interface Case {
  name: string;
  subjects: Subject[];
}

/** One question, one table, one chart. */
export interface Question {
  id: string;
  title: string;
  measure: Measure;
  states: State[];
  cases: Case[];
  /** Sentences printed under the table. */
  notes?: string[];
  /** Milliseconds after which a process is stopped. @default {120_000} */
  timeLimit?: number;
}

/** What one process reports, in ns (bytes, seconds) per operation. */
export interface Sample {
  /** The best sample of the process. */
  min: number;
  /** The median sample of the process. */
  median: number;
  /** Events of the measured bursts that were never handled; only the Go original loses any. */
  lost?: number;
  /** Events of the measured bursts, where losses are counted. */
  of?: number;
  /** Events that a `Drain` without error left unhandled, on buses made for this count. */
  drain_lost?: number;
  drain_of?: number;
  /** Other figures of the same process, by the heads of their columns. */
  beside?: Readonly<Record<string, number>>;
}

/** One line of the results file. */
export interface Row {
  question: string;
  case: string;
  runtime: string;
  subject: string;
  kind: Kind;
  state: RowState;
  /** The median over processes, in the unit that the field names. */
  ns_per_op?: number;
  ops_per_s?: number;
  ms_per_op?: number;
  bytes_per_op?: number;
  seconds?: number;
  /** Time of the best peer ÷ time of this subject: above 1 is faster than every peer. */
  ratio: number | null;
  best_peer: string | null;
  /** Time of node:events ÷ time of this subject. */
  ratio_node_events: number | null;
  /** Best sample of all processes; in ns also where the row is a rate. */
  min: number;
  /** Median over the processes' medians; in ns also where the row is a rate. */
  median: number;
  processes: number;
  /** Sums over the processes, as {@linkcode Sample} has them. */
  lost?: number;
  of?: number;
  drain_lost?: number;
  drain_of?: number;
  /** Medians over the processes. */
  beside?: Readonly<Record<string, number>>;
  /** The limit on this machine, where it comes from, and whether it is met; the same for stretch. */
  goal?: string;
  goal_rule?: string;
  verdict?: string;
  stretch?: string;
  stretch_rule?: string;
  stretch_verdict?: string;
  go_head_published_ns?: number;
  isolates?: boolean;
  /** Speed of the machine in this run: node:events ÷ 6.5 ns. */
  c: number | null;
  date: string;
}
