/**
 * One chart a question, as an SVG file.
 *
 * @module
 */
import { compile, type TopLevelSpec } from "npm:vega-lite@^6";
import * as vega from "npm:vega@^6";
import { formatNumber } from "./goals.ts";
import { RUNTIMES } from "./runtimes.ts";
import type { Question, Row } from "./types.ts";
import { UNITS } from "./units.ts";

const COLORS = {
  "this project": "#0b6e4f",
  "bound or control": "#b9bec6",
  "peer": "#7a9cc6",
  "Go original": "#d08c60",
};
const KINDS = { ours: "this project", bound: "bound or control", peer: "peer", go: "Go original" };

/** Draws the rows of a question: used processes as bars, fresh ones as ticks on them. */
export async function drawChart(question: Question, rows: Row[], footer: string): Promise<string> {
  const runtimes = RUNTIMES.filter((name) => rows.some(({ runtime }) => runtime === name));
  const values = runtimes.flatMap((runtime) =>
    rows.filter((row) => row.runtime === runtime || row.runtime === "go")
      .map((row, _, all) => toDatum(question, row, runtime, all))
  );
  const spec = createSpec(question, values, footer);
  return await new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

interface Datum {
  runtime: string;
  case: string;
  subject: string;
  kind: string;
  fresh: boolean;
  value: number;
  /** Where the label stands: behind the bar and the tick on it. */
  labelAt: number;
  label: string;
}

function toDatum({ measure, states }: Question, row: Row, runtime: string, all: Row[]): Datum {
  const shown = ({ median }: Row) => UNITS[measure].show(median);
  const value = shown(row);
  const both = all.filter(({ subject, case: inCase }) =>
    subject === row.subject && inCase === row.case
  );
  return {
    runtime,
    case: row.case,
    subject: row.subject,
    kind: KINDS[row.kind],
    // Where there are only fresh processes, they have the bars.
    fresh: row.state === "fresh" && states.includes("used"),
    value,
    labelAt: Math.max(...both.map(shown)),
    label: formatNumber(value),
  };
}

function createSpec({ title, measure, cases, states }: Question, values: Datum[], footer: string) {
  const { axis: meaning, isWide: logarithmic = false } = UNITS[measure];
  // A bar on a logarithmic scale has no zero to start from: it starts at the scale's own edge.
  const numbers = values.map(({ value }) => value);
  const low = logarithmic ? Math.min(1, powerBelow(Math.min(...numbers))) : 0;
  // A quarter of the width is room for the label of the longest bar.
  const longest = Math.max(...numbers, 10 * low);
  const high = logarithmic ? longest * (longest / low) ** (1 / 3) : longest * (4 / 3);
  const x = {
    field: "value",
    type: "quantitative",
    title: meaning,
    stack: null,
    scale: { type: logarithmic ? "log" : "linear", domain: [low, high], nice: false, clamp: true },
    axis: { grid: true, gridColor: "#eef0f3", tickCount: 5, labelExpr: LABELS },
  };
  const y = {
    field: "subject",
    type: "nominal",
    title: null,
    sort: subjectsOf(values),
    axis: { labelLimit: 420, ticks: false, domain: false, labelPadding: 6 },
  };
  const kinds = Object.entries(COLORS).filter(([kind]) => values.some((one) => one.kind === kind));
  const color = {
    field: "kind",
    type: "nominal",
    title: null,
    scale: { domain: kinds.map(([kind]) => kind), range: kinds.map(([, shade]) => shade) },
    legend: { orient: "top", offset: 4 },
  };
  const panel = {
    width: 250,
    height: { step: 17 },
    layer: [
      {
        transform: [{ filter: "!datum.fresh" }],
        mark: { type: "bar", height: 11, cornerRadiusEnd: 2 },
        encoding: { x, x2: { datum: low }, y, color },
      },
      {
        transform: [{ filter: "!datum.fresh" }],
        mark: { type: "text", align: "left", dx: 5, fontSize: 10, color: "#333" },
        encoding: { x: { ...x, field: "labelAt" }, y, text: { field: "label" } },
      },
      {
        transform: [{ filter: "datum.fresh" }],
        mark: { type: "tick", thickness: 2, size: 13, color: "#111" },
        encoding: { x, y },
      },
    ],
  };
  const subtitle = [
    states.includes("fresh") && states.includes("used")
      ? "bar: used process (the usual case); black tick: fresh process; median of processes"
      : states.includes("used")
      ? "used processes (the usual case); median of processes"
      : "median of processes",
    footer,
  ];
  const rows = cases.map(({ name }) => name).filter((name) =>
    values.some((value) => value.case === name)
  );
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 14,
    title: {
      text: title,
      subtitle,
      anchor: "start",
      fontSize: 16,
      subtitleColor: "#666",
      offset: 12,
    },
    data: { values },
    vconcat: rows.map((name) => ({
      ...(rows.length > 1 && { title: { text: name, anchor: "start", fontSize: 12 } }),
      transform: [{ filter: { field: "case", equal: name } }],
      facet: { column: { field: "runtime", title: null, sort: [...RUNTIMES], header: HEADER } },
      spec: panel,
      resolve: { scale: { y: "shared" } },
    })),
    config: { view: { stroke: null }, font: "Helvetica, Arial, sans-serif" },
  } as unknown as TopLevelSpec;
}

/** 0.1, 10, 2.5k: "~s" alone would write a tenth as "100m". */
const LABELS = "format(datum.value, datum.value < 1000 ? '~g' : '~s')";
const HEADER = { labelFontSize: 12, labelFontWeight: "bold", labelAnchor: "start" };

/** Ours and the bounds in their own order, the peers by their time on the first runtime. */
function subjectsOf(values: Datum[]): string[] {
  const peers = values.filter(({ kind, fresh }) => kind === KINDS.peer && !fresh)
    .toSorted((a, b) => a.value - b.value);
  const others = values.filter(({ kind }) => kind !== KINDS.peer);
  return [...new Set([...others, ...peers].map(({ subject }) => subject))];
}

function powerBelow(value: number): number {
  return 10 ** Math.floor(Math.log10(value));
}
