import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { fnv1a } from "./fnv1a.ts";
import { IdleThread, withIdleThread } from "./testdata/idle_thread.ts";
import { quiet, turn, withFakeTime } from "./testdata/waits.ts";
import { createThreadBus } from "./threads.ts";
import type { Subscription } from "../core/subscription.ts";

/** How many events the queue of home holds, and how many may wait for promises beside it. */
const QUEUE = 65_536;
const CONCURRENCY = 256;
const NOTE = ["on", 1, "answer", false];

describe("write()", () => {
  it("goes on in peace when what fills its frame subscribes", () =>
    withIdleThread((bus, { read }) => {
      bus.write("written", 8, (bytes, at) => {
        bytes.fill(7, at, at + 8);
        bus.on("answer", () => {});
      });
      bus.emit("written");
      assertEquals(read(), ["written", NOTE, "written"]);
      return Promise.resolve();
    }));

  it("tells of a subscription before the next event, though it was given up", () =>
    withIdleThread((bus, { read }) => {
      const fill = () => {
        bus.on("answer", () => {});
        throw new RangeError("no");
      };
      assertThrows(() => bus.write("written", 8, fill), RangeError, "no");
      bus.emit("written");
      assertEquals(read(), [NOTE, "written"]);
      return Promise.resolve();
    }));

  it("refuses what no ring holds, however large", () =>
    withIdleThread((bus) => {
      for (const length of [65_536, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        assertThrows(
          () => bus.write("written", length, () => {}),
          RangeError,
          "at most a quarter of a ring may be used",
        );
      }
      return Promise.resolve();
    }));

  it("counts what only each thread gets as often as emit() does", () =>
    withIdleThread((bus, { read }) => {
      bus.emit("told");
      bus.write("told", 8, () => {});
      assertEquals(read(), ["told", "told"]);
      assertEquals(bus.stats().emitted, 2);
      return Promise.resolve();
    }));
});

describe("a codec that ends subscriptions of home", () => {
  for (const patterns of [["written", "written"], ["*", "**", "*"]]) {
    it(`takes the event from no other one of ${patterns.join(" and ")}`, () => {
      let end = () => {};
      const encode = () => (end(), new Uint8Array());
      const valueCodec = { encode, decode: () => undefined };
      return withIdleThread(async (bus) => {
        const seen: unknown[] = [];
        const [, ...others] = patterns.map((pattern) =>
          bus.on(pattern, ({ data }) => void seen.push(data))
        );
        end = () => others.forEach((subscription) => subscription.unsubscribe());
        bus.emit("written", 1);
        await turn();
        assertEquals(seen, [1]);
      }, { valueCodec });
    });
  }
});

describe("enqueue() for a handler of home", () => {
  it("goes on as its queue gets room, though each that goes on fills it up again", () =>
    withIdleThread(async (bus) => {
      const begun: (() => void)[] = [];
      const local = bus.on("local", () => new Promise<void>((resolve) => begun.push(resolve)));
      for (let i = 0; i < QUEUE; i++) bus.emit("local");
      await turn();
      for (let i = 0; i < CONCURRENCY; i++) bus.emit("local");
      let accepted = 0;
      const makeRoom = () => begun.shift()!();
      for (let i = 0; i < 9; i++) {
        bus.enqueue({ type: "local", data: undefined }).then(() => {
          accepted++;
          makeRoom();
        }, () => {});
      }
      makeRoom();
      for (let i = 0; i < 100 && accepted < 9; i++) await turn();
      local.unsubscribe();
      for (const end of begun) end();
      assertEquals(accepted, 9);
    }));
});

describe("emit() that makes room in the full queue of home", () => {
  it("is refused if a handler closes the bus meanwhile", () =>
    withIdleThread((bus) => {
      bus.on("local", () => void bus.close({ timeout: 60_000 }));
      for (let i = 0; i < QUEUE; i++) bus.emit("local");
      assertThrows(() => bus.emit("local"), BusClosedError);
      return Promise.resolve();
    }));

  for (const how of ["emit", "write"] as const) {
    it(`comes to its handlers, though others of wildcards end meanwhile: ${how}()`, () =>
      withIdleThread(async (bus) => {
        const ending = ["other.*", "*.other"].map((pattern) => bus.on(pattern, () => {}));
        let handled = 0;
        bus.on("wild.*", () => handled++);
        bus.on("local", () => ending.forEach((subscription) => subscription.unsubscribe()));
        for (let i = 0; i < QUEUE; i++) bus.emit("local");
        if (how === "emit") bus.emit("wild.one");
        else bus.write("wild.one", 0, () => {});
        await quiet(bus);
        assertEquals(handled, 1);
      }));
  }
});

describe("notes to a thread that reads nothing", () => {
  it("are of what is subscribed now, however often that has changed", () =>
    withIdleThread(async (bus, { read }) => {
      for (const data of [new Uint8Array(200), undefined]) {
        assertThrows(() => {
          for (;;) bus.emit("told", data);
        }, QueueFullError);
      }
      let first: Subscription | undefined;
      for (let i = 0; i < 10_000; i++) {
        const subscription = bus.on("passing", () => {});
        first ??= subscription;
        subscription.unsubscribe();
      }
      // Nobody has to hear of it any more.
      await first!.ready;
      bus.on("staying", () => {});
      read();
      const told: unknown[] = [];
      while (told.length === 0) {
        await turn();
        told.push(...read());
      }
      assertEquals(told, [["on", 10_001, "staying", false]]);
    }, { capacity: 1_024, overflow: "error" }));
});

describe("close()", () => {
  it("hears all that a thread has told before it ended", async () => {
    const told: unknown[] = [];
    const onError = (error: unknown) => void told.push((error as Error).message);
    await withIdleThread((bus, { engine }) => {
      const failing = engine.core.on("failing", () => {});
      void bus.close({ timeout: 60_000 });
      for (let i = 0; i < 1_000; i++) {
        const error = Object.assign(new Error(`${i}`), { stack: "" });
        engine.core.fail(error, { type: "failing", data: undefined }, failing);
      }
      engine.answer();
      return Promise.resolve();
    }, { onError });
    assertEquals(told, Array.from({ length: 1_000 }, (_, i) => `${i}`));
  });

  /** Closes a bus; home knows that the first thread has ended when `send` writes to it. */
  async function withEndedThread(
    test: (second: IdleThread["engine"], send: () => void) => void,
  ): Promise<string[]> {
    const threads: IdleThread[] = [];
    const dropped = Promise.withResolvers<void>();
    const reports: string[] = [];
    const bus = createThreadBus({
      handlers: () => threads[threads.push(new IdleThread()) - 1],
      threads: 2,
      onDrop: ({ reason, count, type }) => {
        reports.push(`${reason} ${count} ${type}`);
        dropped.resolve();
      },
    });
    const [first, second] = threads.map(({ engine }) => engine);
    const event = { type: "there", data: undefined, key: "a" };
    assertEquals(fnv1a(event.key) % 2, 0);
    bus.emit(event);
    const closed = bus.close({ timeout: 60_000 });
    first!.answer();
    await dropped.promise;
    const { registry } = second!.core;
    test(second!, () => second!.deliver(registry.lookup(event), event));
    // For all that the second has heard home wants it, too.
    assertEquals(await closed, { discarded: 3, inDoubt: 0, stuck: 0 });
    return reports;
  }

  const REPORTS = Array(3).fill("closed 1 there");

  it("drops what a thread has sent to another one that had ended before", async () => {
    const reports = await withEndedThread((second, send) => {
      send();
      second.answer();
    });
    assertEquals(reports, REPORTS);
    await turn();
  });

  it("drops that, too, if the thread does not stop", async () => {
    let running: IdleThread["engine"];
    await withFakeTime(async (time) => {
      const reports = await withEndedThread((second, send) => {
        running = second;
        send();
        time.tick(60_000);
      });
      assertEquals(reports, REPORTS);
    });
    running!.answer();
    await turn();
  });
});
