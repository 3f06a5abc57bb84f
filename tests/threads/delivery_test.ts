import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { TOPIC_LIMIT } from "../../src/ring/layout.ts";
import { collect, withBus } from "./_buses.ts";

const byNumber = (a: unknown, b: unknown) => Number(a) - Number(b);

describe("an event that crosses", () => {
  it("keeps all its fields", async () => {
    await withBus("kinds", {}, async (bus) => {
      for (
        const event of [
          { type: "fields", data: 0 },
          { type: "fields", data: { a: [1, null, "ü"] }, key: "k", id: "i", source: "s" },
          { type: "fields", data: "é€😀", metadata: { trace: "1", "ключ": "знач" } },
          { type: "fields", data: 1, key: "", timestamp: 1_700_000_000_000.25 },
        ]
      ) {
        const seen = collect(bus, "seen", 1);
        bus.emit(event);
        assertEquals(await seen, [event]);
      }
    });
  });

  it("carries bytes as bytes, text as text, and everything else as JSON", async () => {
    await withBus("kinds", {}, async (bus) => {
      for (
        const [data, seen] of [
          [new Uint8Array([1, 2, 255]), { kind: "object", bytes: [1, 2, 255] }],
          [new Uint8Array(), { kind: "object", bytes: [] }],
          ["", { kind: "string", value: "" }],
          ["\ud800", { kind: "string", value: "\ud800" }],
          ["x".repeat(5_000), { kind: "string", value: "x".repeat(5_000) }],
          [{ a: NaN }, { kind: "object", value: { a: null } }],
          [null, { kind: "object", value: null }],
          [undefined, { kind: "undefined" }],
        ] as const
      ) {
        const first = collect(bus, "seen", 1);
        bus.emit("value", data);
        assertEquals(await first, [seen]);
      }
    });
  });

  it("is refused at emit if it cannot be carried, before anything is queued", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      let handled = 0;
      bus.on("value", () => handled++);
      const circle: Record<string, unknown> = {};
      circle.circle = circle;
      for (const data of [1n, circle, () => {}, Symbol("s")]) {
        assertThrows(() => bus.emit("value", data), TypeError, "cannot be written as JSON");
      }
      assertThrows(
        () => bus.emit({ type: "value", data: 1, key: "\ud800" }),
        TypeError,
        "Cannot emit as 'key' must be a well-formed string",
      );
      const { emitted } = bus.stats();
      assertThrows(
        () => bus.emit("value", new Uint8Array(65_536)),
        RangeError,
        "65536 bytes; raise 'capacity'",
      );
      await bus.drain();
      assertEquals([handled, bus.stats().emitted], [0, emitted]);
    });
  });

  it("reaches the handlers of the thread of the bus as the object that was emitted", async () => {
    await withBus("kinds", {}, async (bus) => {
      const event = { type: "value", data: { own: true } };
      const handled = new Promise((resolve) => bus.on("value", resolve));
      bus.emit(event);
      assertEquals(await handled === event, true);
    });
  });

  it("goes to the thread of its key, by FNV-1a over UTF-16 units", async () => {
    assertEquals([fnv1a(""), fnv1a("a"), fnv1a("foobar")], [
      0x811c9dc5,
      0xe40c292c,
      0xbf9cf968,
    ]);
    await withBus("kinds", {}, async (bus) => {
      const count = 60;
      const seen = collect(bus, "seen", count);
      for (let data = 0; data < count; data++) {
        bus.emit({ type: "keyed", data, key: `ü${data % 7}` });
      }
      const last = new Map<string, number>();
      for (
        const { key, data, index } of await seen as { key: string; data: number; index: number }[]
      ) {
        assertEquals(index, fnv1a(key) % 2);
        assertEquals(data > (last.get(key) ?? -1), true);
        last.set(key, data);
      }
    });
  });

  it("takes turns without a key", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const seen = collect(bus, "answer.*", 10);
      for (let i = 0; i < 10; i++) bus.emit("ask");
      assertEquals(new Set((await seen).map(String)), new Set(["0,2", "1,2"]));
    });
  });

  it("goes to every thread that subscribes it with 'each'", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const each = collect(bus, "seen", 4);
      bus.emit("each");
      bus.emit("each");
      assertEquals((await each).toSorted(byNumber), [0, 0, 1, 1]);
      const both: [string, number][] = [];
      const subscription = bus.on("seen", ({ data }) => both.push(data as [string, number]));
      bus.emit("both");
      while (both.length < 3 || bus.stats().depth > 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      subscription.unsubscribe();
      assertEquals(both.map(([kind]) => kind).toSorted(), ["each", "each", "one"]);
      const told = both.filter(([kind]) => kind === "each").map(([, index]) => index);
      assertEquals(told.toSorted(), [0, 1]);
      while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const { emitted } = bus.stats();
      bus.emit("silent");
      assertEquals(bus.stats().emitted - emitted, 2);
    });
  });

  it("may be emitted by a thread to itself and to the others", async () => {
    await withBus("kinds", {}, async (bus) => {
      const seen = collect(bus, "seen", 1);
      bus.emit("chain", 200);
      assertEquals(await seen, ["end"]);
    });
  });

  it("reaches a subscription of a thread once its 'ready' has resolved", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const ready = collect(bus, "seen", 1);
      bus.emit("late");
      assertEquals(await ready, ["ready"]);
      const seen = collect(bus, "seen", 20);
      for (let i = 0; i < 20; i++) bus.emit("sometime");
      assertEquals(new Set(await seen).size, 1);
    });
  });

  it("is one delivery, processed at once, if nobody wants it", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const { emitted, processed } = bus.stats();
      bus.emit("nobody");
      const after = bus.stats();
      assertEquals([after.emitted - emitted, after.processed - processed], [1, 1]);
    });
  });
});

describe("events of more types than a thread numbers", () => {
  it("keep theirs, as they carry its text", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      await bus.ready;
      const types = Array.from({ length: TOPIC_LIMIT + 50 }, (_, number) => `typed.${number}`);
      const seen = collect(bus, "back.*", types.length);
      for (const type of types.slice(1)) bus.emit(type);
      bus.write(types[0], 0, () => {});
      assertEquals((await seen).toSorted(), types.toSorted());
    });
  });
});

describe("a handler of a thread", () => {
  it("gets a cursor over the data with 'zeroCopy'", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      const seen = collect(bus, "seen", 2);
      bus.emit("cursor", new Uint8Array([1, 0, 0, 0, 9]));
      bus.emit("cursor", new Uint8Array(4_000).fill(1));
      assertEquals(await seen, [
        { sum: 10, length: 5, isAligned: true, first: 1 },
        { sum: 4_000, length: 4_000, isAligned: true, first: 0x01010101 },
      ]);
    });
  });

  it("gets the same with 'zeroCopy' in the thread of the bus", async () => {
    await withBus("kinds", {}, async (bus) => {
      const seen: unknown[] = [];
      bus.on("text", ({ u8, i32, offset, length }) => {
        seen.push([...u8.subarray(offset, offset + length)], i32[offset >> 2]);
      }, { zeroCopy: true });
      bus.on("nothing", ({ length }) => seen.push(length), { zeroCopy: true });
      bus.emit("text", "AB");
      bus.emit("nothing");
      await bus.drain();
      assertEquals(seen, [[65, 66], 0x4241, 0]);
    });
  });

  it("must not return a promise with 'zeroCopy'", async () => {
    const errors: unknown[] = [];
    await withBus("kinds", { onError: (error) => void errors.push(error) }, async (bus) => {
      bus.emit("late cursor");
      await bus.drain();
      assertEquals(errors.map(String), [
        "TypeError: Cannot wait for the handler of 'late cursor' as 'zeroCopy' lends the data for " +
        "its call only",
      ]);
    });
  });

  it("cannot touch data first after it has returned, unless it returned a promise", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      const seen = collect(bus, "seen", 2);
      bus.emit("untouched", "lost");
      bus.emit("touch");
      bus.emit("after promise", "kept");
      assertEquals(await seen, [
        "Cannot read 'data' of event 'untouched' as its handler has returned: read it before",
        "kept",
      ]);
    });
  });

  for (const concurrency of [1, 4]) {
    it(`overlaps at most ${concurrency} of its promises, begun in order`, async () => {
      await withBus("kinds", { threads: 1, concurrency }, async (bus) => {
        for (let i = 0; i < 12; i++) bus.emit("overlap", i);
        const seen = collect(bus, "seen", 1);
        while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        bus.emit("overlapped");
        const order = Array.from({ length: 12 }, (_, index) => index);
        assertEquals(await seen, [{ most: concurrency, order }]);
      });
    });
  }

  it("overlaps no two events of one key", async () => {
    await withBus("kinds", { threads: 1, concurrency: 4 }, async (bus) => {
      for (let data = 0; data < 6; data++) bus.emit({ type: "overlap", data, key: "same" });
      const seen = collect(bus, "seen", 1);
      while (bus.stats().depth > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      bus.emit("overlapped");
      assertEquals(await seen, [{ most: 1, order: [0, 1, 2, 3, 4, 5] }]);
    });
  });

  it("reports what it throws to the hook of the bus, with name, stack and event", async () => {
    const heard: unknown[] = [];
    const onError = (error: unknown, { event, subscription }: Heard) => {
      const { name, message, stack } = error as Error;
      heard.push([name, message, stack?.includes("kinds"), event.data, subscription.pattern]);
    };
    await withBus("kinds", { onError }, async (bus) => {
      bus.emit("throw", 1);
      bus.emit("reject");
      await bus.drain();
      assertEquals(heard.toSorted(), [
        ["RangeError", "thrown 1", true, 1, "throw"],
        ["SyntaxError", "rejected", true, undefined, "reject"],
      ]);
      assertEquals(bus.stats().failed, 2);
      assertEquals(bus.lastError() instanceof Error, true);
      bus.clearError();
      assertEquals(bus.lastError(), undefined);
    });
  });
});

describe("the bus of a thread", () => {
  it("is not the whole: it counts nothing, and cannot be closed there", async () => {
    await withBus("misuse", { threads: 1 }, async (bus) => {
      const ended = collect(bus, "ended", 2);
      bus.emit("end");
      bus.emit("end");
      const reason = "in one of its threads as only the thread that has made it can";
      const says = ["count the deliveries of the bus", "drain the bus", "close the bus"]
        .map((action) => `TypeError: Cannot ${action} ${reason}`);
      assertEquals(await ended, [says, says]);
    });
  });
});

type Heard = { event: { data: unknown }; subscription: { pattern: string } };
