import { grouped, layOut } from "../report.ts";
import type { Terminal } from "../terminal.ts";
import type { Stage } from "./stages.ts";
import type { Facts } from "./verdict.ts";

/** What failed was retried or is dead: it needs no column of its own. */
const HEADING = [
  ...["stage", "handles", "in", "handled", "retried", "routed", "dead", "replayed"],
  ...["p50 ms", "p99 ms"],
];

/** Prints what every stage of the flow did, and what became of the rest. */
export function printFlow(terminal: Terminal, facts: Facts, time: number): void {
  const { paint, print } = terminal;
  const { flow, posts, repeated, redelivered, invalid, refused } = facts;
  const { intake, index, archive, urgent, again } = flow.stages;
  const rows = [intake, index, archive, urgent, again].map(rowOf);
  const lines = layOut([HEADING, ...rows]);
  const rule = paint("dim", "─".repeat(lines[0]!.join("  ").length));
  print(paint("dim", lines[0]!.join("  ")));
  print(rule);
  for (const [name, ...cells] of lines.slice(1)) print([paint("cyan", name!), ...cells].join("  "));
  print(rule);
  print(`routed: ${urgent.handled} urgent, ${intake.routed - urgent.handled} others`);
  print(`posted twice: ${repeated}, delivered twice: ${redelivered}, handled once`);
  print(
    `invalid: ${invalid}, left with the dead · forged or old: ${refused.length}, answered ${
      [...new Set(refused)].join(", ")
    }`,
  );
  const speed = `${grouped(Math.round(posts.length / time * 1000))} webhooks/s`;
  print(
    `${grouped(posts.length)} webhooks in ${grouped(Math.round(time))} ms: ${paint("bold", speed)}`,
  );
  print();
}

function rowOf(stage: Stage): string[] {
  const { name, handles, calls, handled, retried, routed, dead, replayed } = stage;
  const counts = [calls, handled, retried, routed, dead, replayed].map(grouped);
  return [name, handles, ...counts, percentile(stage, 0.5), percentile(stage, 0.99)];
}

/** Milliseconds from the post to the end of handling. */
function percentile(stage: Stage, share: number): string {
  const time = stage.percentile(share);
  return time === undefined ? "–" : time.toFixed(time < 1_000 ? 1 : 0);
}
