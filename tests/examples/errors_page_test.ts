/** `docs/errors.md` says of a bus in one thread what its errors say. */
import { readFileSync } from "node:fs";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { advise, createBus, forAsync, forFlow, forSync, option, scenario } from "../../mod.ts";
import { pathOf } from "./_program.ts";

// deno-lint-ignore no-explicit-any
const anything = (value: unknown): any => value;

/** An async bus with room for two events, and two events in it. */
function full() {
  const bus = forAsync({ capacity: 2, overflow: "error", concurrency: 1 });
  bus.on("a", () => {});
  bus.emitBatch([{ type: "a" }, { type: "a" }]);
  return bus;
}

/** By the first words of its line in the table: what one does to be refused. */
const REFUSED: Record<string, () => unknown> = {
  "subscribe an empty pattern": () => forSync().on("a..b", () => {}),
  "subscribe a partial star": () => forSync().on("user.cr*", () => {}),
  "subscribe more than 64 segments": () => forSync().on("a.".repeat(64) + "a", () => {}),
  "listen on `asEventTarget()`": () =>
    forSync().asEventTarget().addEventListener("a", anything("nope")),
  "listen with a wildcard": () => forSync().asEventTarget().addEventListener("a.*", () => {}),
  "give `asEventTarget()` a signal": () =>
    forSync().asEventTarget().addEventListener("a", () => {}, { signal: anything(null) }),
  "pass a handler": () => forSync().on("a", anything("b")),
  "misspell an option": () => forSync().on("a", () => {}, anything({ onse: true })),
  "give `forSync` an option of a queue": () => forSync(anything({ capacity: 8 })),
  "give an option of the wrong type": () => forSync({ failFast: anything(1) }),
  "give a number or a name out of its range": () => forAsync({ capacity: -8 }),
  "name an unknown scenario": () => scenario(anything("asnyc")),
  "give stages to a flow bus with threads": () =>
    createBus(anything({ stages: [], handlers: new URL("file:///handlers.ts") })),
  "ask for batches that can never be full": () => forFlow({ batchSize: 9, capacity: 8 }),
  "spread a pattern": () => forFlow({ spread: ["a.*"] }),
  "flush a closed bus": () => {
    const bus = forFlow();
    bus.close();
    return bus.flush();
  },
  "emit an event without a type": () => forSync().emit(anything({ data: 1 })),
  "emit what is no event": () => forSync().emit(anything(5)),
  "dispatch an event of another type": () => forSync().topic("a").dispatch({ type: "b" }),
  "end a subscription of another bus": () => forSync().off(forSync().on("a", () => {})),
  "call `off` with a handler": () => forSync().off(anything(() => {})),
  "emit, subscribe or wait after `close`": () => {
    const bus = forSync();
    bus.close();
    bus.emit("a");
  },
  "enqueue after `close`": () => {
    const bus = forAsync();
    bus.close();
    return bus.enqueue({ type: "a" });
  },
  "give a profile stages": () =>
    advise({ name: "auto", handlers: new URL("file:///handlers.ts"), stages: [] }),
  "ask a profile for more": () =>
    option({ name: "async", handlers: new URL("file:///handlers.ts"), cores: 5_000 }),
  "emit into a full queue": () => full().emit("a"),
  "consume `events()` too slowly": async () => {
    const bus = forSync();
    const events = bus.events("a", { capacity: 1 });
    for (let i = 0; i < 2; i++) bus.emit("a");
    for await (const _event of events);
  },
  "wait for room with a `timeout`": async () => {
    const bus = full();
    bus.on("a", () => new Promise(() => {}));
    // The first of the two leaves the queue.
    await Promise.resolve();
    bus.emit("a");
    try {
      await bus.enqueue({ type: "a" }, { timeout: 50 });
    } finally {
      await bus.close({ timeout: 0 });
    }
  },
  "drain for too long": () => {
    const bus = forSync();
    bus.on("a", () => new Promise(() => {}));
    bus.emit("a");
    return bus.drain({ timeout: 50 });
  },
  "emit a batch with bad events": () =>
    forSync().emitBatch([{ type: "a" }, { type: "" }, { type: "b" }]),
};

/** Lines that tests of threads pin. */
const OF_THREADS = [
  "share lanes that are larger than the rings of the bus",
  "share lanes where there is no shared memory",
  "attach where all lanes are taken, or not read to their end since they were",
  "call `serve` twice in a thread",
  "name the stages of a thread twice",
  "name stages on a bus of another kind",
];

/** The first table of the page: what one does, the class of the error, what it says. */
function readLines(): string[][] {
  const page = readFileSync(pathOf("docs/errors.md"), "utf8");
  const [table] = page.split(/\n\s*\n/).filter((block) => block.startsWith("| you"));
  return table!.trim().split("\n").slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("\\*", "*"))
  );
}

async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("Nothing was refused");
}

describe("docs/errors.md", () => {
  const lines = readLines();
  const firstWords = Object.keys(REFUSED);

  it("has a line for each refusal that is told here, and none that nobody tells", () => {
    const told = lines.map(([you]) => firstWords.find((words) => you!.startsWith(words)) ?? you);
    assertEquals(told.sort(), [...firstWords, ...OF_THREADS].sort());
  });

  for (const [you, error, says] of lines) {
    const refused = REFUSED[firstWords.find((words) => you!.startsWith(words)) ?? ""];
    if (refused === undefined) continue;
    it(`quotes what is said to those who ${you}`, async () => {
      const { name, message } = await errorOf(refused);
      assertStringIncludes(error!, `\`${name}\``);
      for (const part of says!.split("…")) assertStringIncludes(message, part.trim());
    });
  }
});
