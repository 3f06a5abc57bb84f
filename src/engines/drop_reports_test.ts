import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NODE_DROPPED } from "../ring/layout.ts";
import { DropReports } from "./drop_reports.ts";
import { engineOfThread } from "./testdata/engine_of_thread.ts";
import { turn } from "./testdata/waits.ts";
import type { DropReport } from "../core/bus_options.ts";
import type { BusEvent } from "../core/event.ts";
import type { Outbox } from "./outbox.ts";

/** Reports whose notes find room as `hasRoom` says, and are no longer than `longest`. */
function createReports(hasRoom: () => boolean, longest = Infinity) {
  const told: [type: string, count: number][] = [];
  const reports = new DropReports({
    holds: (note: unknown) => JSON.stringify(note).length <= longest,
    awaitRoom() {},
    sendTo(_node: number, { data }: BusEvent) {
      if (!hasRoom()) return false;
      const [, { type, count }] = data as [kind: string, report: DropReport];
      told.push([type, count]);
      return true;
    },
  } as unknown as Outbox);
  return { reports, told };
}

describe("the reports of what a thread drops", () => {
  it("count the events of each type until there is room", () => {
    let room = 0;
    const { reports, told } = createReports(() => room-- > 0);
    for (const type of ["a", "b", "a", "a"]) reports.add(type);
    assertEquals([reports.flush(), told], [true, []]);
    room = 1;
    assertEquals([reports.flush(), told], [true, [["a", 3]]]);
    reports.add("a");
    room = 2;
    assertEquals([reports.flush(), told], [false, [["a", 3], ["b", 1], ["a", 1]]]);
  });

  it("are of a bounded number of types, and of none that no frame holds", () => {
    const { reports, told } = createReports(() => true, 200);
    for (let i = 0; i < 5_000; i++) reports.add(`type ${i}`);
    for (let i = 0; i < 2; i++) reports.add("type 0");
    assertEquals(reports.flush(), false);
    assertEquals([told.length, told[0], told[1]], [1_024, ["type 0", 3], ["type 1", 1]]);
    reports.add("x".repeat(200));
    assertEquals([reports.flush(), told.length], [false, 1_024]);
  });
});

describe("a thread that has no room for its events", () => {
  it('tells how many of them "drop-newest" has dropped', async () => {
    const thread = engineOfThread({ overflow: "drop-newest" }, 1_024);
    const { engine, mesh: { cells, words }, emitThere, read } = thread;
    engine.notes.serve();
    for (let i = 0; i < 10; i++) emitThere("large", new Uint8Array(200));
    for (let i = 0; i < 100; i++) emitThere("small");
    const dropped = cells.load(words + NODE_DROPPED);
    assert(dropped > 60);
    const reports: DropReport[] = [];
    while (reports.length < 2) {
      const notes = read().filter((seen) => Array.isArray(seen) && seen[0] === "dropped");
      reports.push(...notes.map((note) => (note as [string, DropReport])[1]));
      await turn();
    }
    assertEquals(reports.map(({ reason, type }) => [reason, type]), [
      ["overflow", "large"],
      ["overflow", "small"],
    ]);
    assertEquals(reports[0]!.count + reports[1]!.count, dropped);
    engine.answer();
    await turn();
  });

  it("tells so at its end as well", async () => {
    const thread = engineOfThread({ overflow: "drop-newest" }, 1_024);
    const { engine, mesh: { cells, words }, emitThere, read } = thread;
    engine.notes.serve();
    while (cells.load(words + NODE_DROPPED) < 3) emitThere("large", new Uint8Array(200));
    read();
    engine.answer();
    assertEquals(read(), [["dropped", { reason: "overflow", count: 3, type: "large" }]]);
    await turn();
  });
});
