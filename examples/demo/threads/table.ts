import { grouped, layOut } from "../report.ts";
import type { Terminal } from "../terminal.ts";
import { fates, type ThreadFacts } from "./verdict.ts";

const HEADING = ["thread", "fate", "parsed", "indexed", "kB hashed"];

/** Prints what every thread did, what became of the deliveries, and what the death cost. */
export function printThreads(terminal: Terminal, facts: ThreadFacts): void {
  const { paint, print } = terminal;
  const { parcels, named, threads, restart, time } = facts;
  const rows = Array.from({ length: threads }, (_, index) => rowOf(index, facts));
  const lines = layOut([HEADING, ...rows]);
  const rule = paint("dim", "─".repeat(lines[0]!.join("  ").length));
  print(paint("dim", lines[0]!.join("  ")));
  print(rule);
  for (const [name, ...cells] of lines.slice(1)) print([paint("cyan", name!), ...cells].join("  "));
  print(rule);
  const { once, repeated, lost } = fates(facts);
  const doubt = named.length === 0
    ? "none"
    : `no. ${named.map((id) => grouped(Number(id))).join(", ")}`;
  print(`handled once: ${grouped(once)} · twice: ${repeated} · in doubt: ${doubt} · lost: ${lost}`);
  print(`a thread died; the next one in its place served ${restart.toFixed(1)} ms later`);
  const speed = `${grouped(Math.round(parcels.length / time * 1000))} deliveries/s`;
  print(
    `${grouped(parcels.length)} deliveries in ${grouped(Math.round(time))} ms: ${
      paint("bold", speed)
    }`,
  );
  print();
}

function rowOf(index: number, { parcels, indexed, starts }: ThreadFacts): string[] {
  const results = parcels.flatMap(({ id, bytes }) =>
    (indexed.get(id) ?? []).map((result) => ({ ...result, size: bytes.length }))
  );
  const parsed = results.filter(({ parsedBy }) => parsedBy === index);
  const size = parsed.reduce((sum, result) => sum + result.size, 0);
  const deaths = starts[index]! - 1;
  return [
    String(index),
    deaths === 0 ? "lived" : `died ${deaths === 1 ? "once" : `${deaths} times`}`,
    grouped(parsed.length),
    grouped(results.filter(({ indexedBy }) => indexedBy === index).length),
    grouped(Math.round(size / 1_000)),
  ];
}
