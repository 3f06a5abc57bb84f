import { assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { checkTimeQuestion } from "../questions/check_time.ts";
import { emitQuestion } from "../questions/emit.ts";
import { readOptions } from "./args.ts";
import { judge } from "./goals.ts";
import { speedOf, toRows } from "./rows.ts";
import { baseName, resultUrl } from "./store.ts";
import { renderQuestion } from "./table.ts";
import { RUNTIMES } from "./runtimes.ts";
import type { Result } from "./schedule.ts";
import type { Measure } from "./types.ts";

const DATE = "2026-01-01T00:00:00Z";
const { cases: [inCase] } = emitQuestion;

/** What processes of a subject said, in ns. */
function resultOf(name: string, ...medians: number[]): Result {
  const subject = inCase!.subjects.find((each) => each.name === name)!;
  const sample = () => Promise.reject(new Error("nobody measures in a test"));
  const state = "used" as const;
  return {
    job: { question: emitQuestion, case: inCase!, subject, state, runtime: "node24", sample },
    samples: medians.map((median) => ({ min: median - 1, median })),
  };
}

const REFERENCE = resultOf("node:events", 14, 13, 12);
const OURS = resultOf("beat emit(event)", 18.5, 17.5, 19);

describe("the command line of the bench", () => {
  it("takes the questions, the seconds, the processes, and leaves the peers out", () => {
    const args = ["--only", "emit,churn", "--time=0.5", "--count", "3", "--no-peers"];
    const { only, seconds, count, peers } = readOptions(args, ["emit", "churn", "bulk"]);
    assertEquals({ only, seconds, count, peers }, {
      only: ["emit", "churn"],
      seconds: 0.5,
      count: 3,
      peers: false,
    });
  });

  it("asks everything, of nine processes, with peers and on all runtimes, unless told", () => {
    const { only, count, peers, runtimes } = readOptions([], ["emit"]);
    assertEquals({ only, count, peers, runtimes }, {
      only: [],
      count: 9,
      peers: true,
      runtimes: [...RUNTIMES],
    });
  });
});

describe("the results", () => {
  it("are named for the system, its cores and its threads", () => {
    const name = baseName({ os: "linux", cpu: "any", cores: 4, threads: 8 });
    assertEquals(name, "benchmarks_linux_4c8t");
    assertMatch(resultUrl(`${name}.json`).href, /\/bench\/results\/benchmarks_linux_4c8t\.json$/);
  });

  it("have C of node:events in used processes of Node 24, and print it over the table", () => {
    const results = [OURS, REFERENCE];
    assertEquals(speedOf(results), 2);
    assertEquals(speedOf([OURS]), null);
    const table = renderQuestion(emitQuestion, toRows(results, 2, DATE));
    assertMatch(table, /^one handler · node24 · C = 2, 2026-01-01T00:00:00Z$/m);
  });

  it("name what was not measured, but nothing of what no runtime measures", () => {
    const table = renderQuestion(emitQuestion, toRows([OURS, REFERENCE], 2, DATE));
    assertMatch(table, /^one handler: not measured are all on deno, .* mitt on node24, /m);
    const [row] = toRows([OURS], 2, DATE);
    const { name } = checkTimeQuestion.cases[0]!;
    const checked = { ...row!, question: "check_time", case: name, runtime: "deno" };
    assertEquals(/not measured/.test(renderQuestion(checkTimeQuestion, [checked])), false);
  });

  it("tell how many times as fast as the best peer, and whether the goal times C is met", () => {
    const [row] = toRows([OURS, REFERENCE], 2, DATE);
    const { question, runtime, subject, ns_per_op, ratio, best_peer, goal, verdict } = row!;
    assertEquals({ question, runtime, subject, ns_per_op, ratio, best_peer, goal, verdict }, {
      question: "emit",
      runtime: "node24",
      subject: "beat emit(event)",
      ns_per_op: 18.5,
      ratio: 0.7027,
      best_peer: "node:events",
      goal: "≤ 18.0",
      verdict: "missed by 2.8 %",
    });
  });

  for (
    const [measure, limit] of [["ns", "≤ 20.0"], ["rate", "≥ 50.0"], ["bytes", "≤ 10.0"]] as const
  ) {
    it(`judge goals in ${measure} ${measure === "bytes" ? "as they are" : "by C"}`, () => {
      const judged = { measure: measure as Measure, state: "used" as const, median: 1, c: 2 };
      const { goal } = judge([{ limit: 10 }], false, { ...judged, medianOf: () => undefined })!;
      assertEquals(goal, limit);
    });
  }

  it("leave ratios as they are, and judge nothing in ns without C", () => {
    const judged = { measure: "ns" as const, state: "used" as const, median: 30, c: null };
    const ratio = [{ limit: 2, of: "bare call", relation: "times" as const }];
    assertEquals(judge(ratio, false, { ...judged, medianOf: () => 20 })!.goal, "≤ 40.0");
    const unknown = judge([{ limit: 10 }], false, { ...judged, medianOf: () => undefined })!;
    assertEquals(unknown.verdict, "not judged");
  });
});
