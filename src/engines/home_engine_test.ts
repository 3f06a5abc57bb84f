import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, QueueFullError } from "../core/errors.ts";
import { FLAG_NOTE } from "../ring/frame.ts";
import { NODE_PARK, NODE_SEALED } from "../ring/layout.ts";
import { fnv1a } from "./fnv1a.ts";
import { HOME } from "./mesh.ts";
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

describe("enqueue() behind one that waits for room in a ring", () => {
  it("stands in line, though there is room by then", () =>
    withIdleThread(async (bus, { read }) => {
      assertThrows(() => {
        for (;;) bus.emit("written");
      }, QueueFullError);
      const first = bus.enqueue({ type: "told", data: undefined });
      read();
      const second = bus.enqueue({ type: "written", data: undefined });
      await Promise.all([first, second]);
      assertEquals(read(), ["told", "written"]);
    }, { capacity: 1_024, overflow: "error" }));
});

describe("'stallTimeout'", () => {
  it("ends no thread that has not served yet, however long its module takes", async () => {
    const thread = new IdleThread();
    let ends = 0;
    thread.terminate = () => void ends++;
    await withFakeTime(async (time) => {
      const options = { threads: 1, stallTimeout: 100, stopTimeout: 100 };
      const bus = createThreadBus({ handlers: () => thread, ...options });
      await time.tickAsync(1_000);
      assertEquals(ends, 0);
      const closed = bus.close({ timeout: 100 });
      await time.tickAsync(100);
      await closed;
    });
    thread.engine.answer();
    await turn();
  });
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

describe("a thread that has died", () => {
  it("is followed by one that is to seal itself, and what it wrote wakes the others", async () => {
    const threads: IdleThread[] = [];
    const started = Promise.withResolvers<void>();
    const bus = createThreadBus({
      handlers: () => {
        if (threads.length === 2) started.resolve();
        return threads[threads.push(new IdleThread()) - 1];
      },
      threads: 2,
    });
    const [first, second] = threads as [IdleThread, IdleThread];
    const { cells, words } = first.mesh;
    cells.store(words + NODE_SEALED, 1);
    cells.store(second.mesh.words + NODE_PARK, 1);
    first.engine.answer();
    await started.promise;
    assertEquals(cells.load(words + NODE_SEALED), 0);
    assertEquals(cells.load(second.mesh.words + NODE_PARK), 0);
    const closed = bus.close({ timeout: 60_000 });
    for (const { engine } of threads.slice(1)) engine.answer();
    await closed;
    await turn();
  });

  it("is blamed for what it said of its end, and the one that comes after it is not", async () => {
    const threads: IdleThread[] = [];
    let start = () => {};
    const errors: string[] = [];
    const bus = createThreadBus({
      handlers: () => {
        start();
        return threads[threads.push(new IdleThread()) - 1];
      },
      threads: 1,
      onError: (error) => errors.push((error as Error).message),
    });
    const end = async ({ engine }: IdleThread) => {
      const started = new Promise<void>((resolve) => start = resolve);
      engine.answer();
      await started;
    };
    const data = ["fault", { name: "Error", message: "of the first" }];
    threads[0]!.engine.outbox.sendTo(HOME, { type: "note", data }, FLAG_NOTE);
    await end(threads[0]!);
    await end(threads[1]!);
    assertEquals(errors, ["of the first"]);
    const closed = bus.close({ timeout: 60_000 });
    threads[2]!.engine.answer();
    await closed;
    await turn();
  });
});

describe("close()", () => {
  it("leaves in doubt what a thread had begun, as no other one comes to try again", () =>
    withIdleThread(async (bus, { engine, begin }) => {
      bus.emit("written");
      begin();
      const closed = bus.close({ timeout: 60_000 });
      engine.answer();
      assertEquals(await closed, { discarded: 0, inDoubt: 1, stuck: 0 });
    }, { maxCrashes: 2, onError() {} }));

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
