import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CrashError, type DropReport, ThreadFailedError } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { currentColumn } from "../runtimes/_table.ts";
import { type AnyBus, CANNOT_END, collect, moduleOf, withBus } from "./_buses.ts";

const HERE = currentColumn();

/** Collects what the hooks hear. */
function hooks() {
  const errors: Error[] = [];
  const drops: DropReport[] = [];
  return {
    errors,
    drops,
    onError: (error: unknown) => void errors.push(error as Error),
    onDrop: (report: DropReport) => void drops.push(report),
  };
}

/** Waits until nothing is open, looking once a millisecond. */
async function quiet(bus: AnyBus): Promise<void> {
  while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function crashes(errors: Error[]): [string, string | undefined, number][] {
  return errors.filter((error) => error instanceof CrashError)
    .map(({ type, id, crashes }) => [type, id, crashes]);
}

describe("the death of a thread", () => {
  // On Bun and Node a thread has no `close`, and a timer of its own may end it.
  const causes = ["exit", ...(HERE === "deno" ? ["close"] : [])];
  for (const cause of causes) {
    it(`by ${cause} leaves the event in doubt, and the next thread handles the rest`, async () => {
      const { errors, drops, onError, onDrop } = hooks();
      await withBus("kinds", { threads: 1, onError, onDrop }, async (bus) => {
        await bus.ready;
        const seen = collect(bus, "seen", 20);
        for (let i = 0; i < 10; i++) bus.emit("value", i);
        bus.emit({ type: cause, data: undefined, id: "x", key: "k" });
        for (let i = 10; i < 20; i++) bus.emit("value", i);
        const values = (await seen as { value: number }[]).map(({ value }) => value);
        assertEquals(values, Array.from({ length: 20 }, (_, index) => index));
        await quiet(bus);
        assertEquals(crashes(errors), [[cause, "x", 1]]);
        assertEquals(errors.map((error) => (error as CrashError).key), ["k"]);
        assertEquals(drops.map(({ reason, type }) => [reason, type]), [["in-doubt", cause]]);
        const { emitted, processed, dropped, inDoubt } = bus.stats();
        assertEquals([emitted, dropped, inDoubt], [processed + 1, 1, 1]);
        assertEquals(await bus.close(), { discarded: 0, inDoubt: 1, stuck: 0 });
      });
    });
  }

  it("forgets no failure of a handler that came before", async () => {
    const { errors, onError } = hooks();
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      bus.emit("throw", 1);
      bus.emit({ type: "exit", data: undefined, id: "x" });
      // Home may learn of the end before it reads what the thread had told.
      while (errors.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await bus.drain();
      assertEquals(errors.map(({ name }) => name).toSorted(), ["CrashError", "RangeError"]);
      assertEquals(bus.stats().failed, 1);
    });
  });

  if (HERE === "chromium") {
    it("by close lets its handlers end, and loses nothing", async () => {
      const { errors, onError } = hooks();
      await withBus("kinds", { threads: 1, onError }, async (bus) => {
        await bus.ready;
        const seen = collect(bus, "seen", 20);
        for (let i = 0; i < 10; i++) bus.emit("value", i);
        bus.emit("close");
        for (let i = 10; i < 20; i++) bus.emit("value", i);
        const values = (await seen as { value: number }[]).map(({ value }) => value);
        assertEquals(values, Array.from({ length: 20 }, (_, index) => index));
        await quiet(bus);
        assertEquals(crashes(errors), []);
      });
    });
  }

  it("gives the event to the next thread while 'maxCrashes' allows it", async () => {
    const { errors, onError } = hooks();
    await withBus("kinds", { threads: 1, maxCrashes: 3, onError }, async (bus) => {
      bus.emit({ type: "exit", data: undefined, id: "x" });
      await quiet(bus);
      assertEquals(crashes(errors), [["exit", "x", 1], ["exit", "x", 2], ["exit", "x", 3]]);
      const { dropped, inDoubt } = bus.stats();
      assertEquals([dropped, inDoubt], [1, 1]);
    });
  });

  // Only Node keeps a thread within a limit: elsewhere it would take all that the machine has.
  if (HERE.startsWith("node")) {
    it("by a lack of memory leaves the event in doubt, with the cause", async () => {
      const { errors, onError } = hooks();
      const { Worker: NodeWorker } = process.getBuiltinModule("node:worker_threads");
      const handlers = () =>
        new NodeWorker(moduleOf("kinds"), { resourceLimits: { maxOldGenerationSizeMb: 32 } });
      await withBus("kinds", { threads: 1, handlers, onError }, async (bus) => {
        await bus.ready;
        const seen = collect(bus, "seen", 1);
        bus.emit({ type: "fill memory", data: undefined, id: "x" });
        bus.emit("value", 1);
        assertEquals(await seen, [{ kind: "number", value: 1 }]);
        assertEquals(crashes(errors), [["fill memory", "x", 1]]);
        assertEquals((errors[0].cause as { code?: string }).code, "ERR_WORKER_OUT_OF_MEMORY");
      });
    });
  }

  it("outside its handlers loses nothing", async () => {
    const { errors, onError } = hooks();
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "seen", 1);
      bus.emit("exit soon");
      await quiet(bus);
      await new Promise((resolve) => setTimeout(resolve, 20));
      bus.emit("value", 1);
      assertEquals(await seen, [{ kind: "number", value: 1 }]);
      assertEquals(crashes(errors), []);
    });
  });

  it("keeps what the thread had emitted before", async () => {
    const { onError } = hooks();
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      const seen = collect(bus, "seen", 10);
      bus.emit("emit and exit");
      assertEquals(await seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await quiet(bus);
    });
  });

  it("keeps index, ring and keys for the next thread", async () => {
    const { onError } = hooks();
    await withBus("kinds", { onError }, async (bus) => {
      await bus.ready;
      bus.emit({ type: "exit", data: undefined, key: "a" });
      const seen = collect(bus, "seen", 8);
      for (let data = 0; data < 8; data++) bus.emit({ type: "keyed", data, key: "a" });
      const index = fnv1a("a") % 2;
      assertEquals(
        await seen,
        Array.from({ length: 8 }, (_, data) => ({ key: "a", data, index })),
      );
    });
  });

  it("by an error outside its handlers is told, with its stack", async () => {
    const { errors, onError } = hooks();
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      bus.emit("fault");
      while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const [{ message, stack }] = errors;
      assertEquals(message.includes("outside a handler"), true);
      assertEquals((stack + message).includes("kinds.ts"), true);
      const seen = collect(bus, "seen", 1);
      bus.emit("value", 1);
      await seen;
    });
  });

  it("by an error outside its handlers keeps what the thread had emitted before", async () => {
    const { errors, onError } = hooks();
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      await bus.ready;
      const seen: unknown[] = [];
      bus.on("seen", ({ data }) => seen.push(data));
      const answer = collect(bus, "answer.me", 1);
      bus.emit("emit and fault", 500);
      while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      // By the next thread.
      bus.emit("ask");
      await answer;
      assertEquals(seen, Array.from({ length: 500 }, (_, index) => index));
      assertEquals(crashes(errors), []);
    });
  });

  it("is survived 30 times in a row", async () => {
    const { errors, onError } = hooks();
    const rounds = 30;
    await withBus("kinds", { threads: 1, onError }, async (bus) => {
      const seen = collect(bus, "seen", rounds);
      for (let i = 0; i < rounds; i++) {
        bus.emit({ type: "exit", data: undefined, id: `${i}` });
        bus.emit("value", i);
      }
      const values = (await seen as { value: number }[]).map(({ value }) => value);
      assertEquals(values, Array.from({ length: rounds }, (_, index) => index));
      assertEquals(crashes(errors).map(([, id]) => id), values.map(String));
    });
  });
});

describe("a thread that does not start", () => {
  for (const name of ["fails", "missing"]) {
    it(`because its module ${name} is started 'maxRestarts' times again, then failed`, async () => {
      const { drops, onError, onDrop } = hooks();
      await withBus(name, { threads: 1, maxRestarts: 2, onError, onDrop }, async (bus) => {
        bus.emit("a", 1);
        bus.emit({ type: "a", data: 2, key: "k" });
        const error = await assertRejects(
          () => bus.ready,
          ThreadFailedError,
          "Cannot wait for the threads as thread 0 does not start",
        );
        assertEquals((error as Error).cause instanceof Error, true);
        assertEquals(drops, [{ reason: "thread-failed", count: 2, type: "a" }]);
        assertThrows(
          () => bus.emit({ type: "a", data: 3, key: "k" }),
          ThreadFailedError,
          "Cannot emit 'a' as thread 0 has failed",
        );
        assertEquals(bus.stats().depth, 0);
      });
    });
  }
});

describe("a bus without hooks whose threads do not start", () => {
  it("prints why, that none is started again, and once of each type what is dropped", async () => {
    const printed: unknown[][] = [];
    const { error } = console;
    console.error = (...line: unknown[]) => void printed.push(line);
    try {
      await withBus("missing", { threads: 1, maxRestarts: 1 }, async (bus) => {
        for (const type of ["a", "b", "a"]) bus.emit(type);
        await assertRejects(() => bus.ready, ThreadFailedError);
        await bus.drain();
        assertEquals(bus.stats().dropped, 3);
        assertEquals((bus.lastError() as Error).name, "ThreadFailedError");
      });
    } finally {
      console.error = error;
    }
    const [[said], [again, failure], ...drops] = printed as [[string], [string, Error], string[]];
    assertEquals([said, again], ["Thread 0 failed:", "Thread 0 failed:"]);
    assertEquals(failure.message, "Cannot wait for the threads as thread 0 does not start");
    assertEquals(failure.cause instanceof Error, true);
    assertEquals(
      drops,
      ["a", "b"].map((type) => [`Cannot handle '${type}' as its thread has failed`]),
    );
  });
});

describe("a thread that does not stop", () => {
  it("is ended by force, or where that cannot be reported as stuck", async () => {
    const { errors, drops, onError, onDrop } = hooks();
    await withBus("kinds", { threads: 1, onError, onDrop }, async (bus) => {
      await bus.ready;
      const begun = collect(bus, "begun", 1);
      bus.emit({ type: "for ever", data: undefined, id: "x" });
      bus.emit("value", 1);
      await begun;
      const report = await bus.close({ timeout: 100 });
      if (CANNOT_END) {
        assertEquals(report, { discarded: 0, inDoubt: 0, stuck: 2 });
        assertEquals(drops, [
          { reason: "thread-stuck", count: 1, type: "for ever" },
          { reason: "thread-stuck", count: 1, type: "value" },
        ]);
      } else {
        assertEquals(report, { discarded: 1, inDoubt: 1, stuck: 0 });
        assertEquals(crashes(errors), [["for ever", "x", 1]]);
      }
    });
  });
});
