import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { BusEvent, CrashError, ErrorContext } from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { collect, withBus } from "./_buses.ts";

describe("write()", () => {
  it("fills memory of the ring in place", async () => {
    await withBus("kinds", { threads: 1 }, async (bus) => {
      const seen = collect(bus, "seen", 2);
      const here: unknown[] = [];
      bus.on("value", ({ data, key }) => here.push([[...data as Uint8Array], key]));
      const fill = (bytes: Uint8Array, offset: number, length: number) => {
        for (let i = 0; i < length; i++) bytes[offset + i] = i + 1;
      };
      bus.write("value", 3, fill);
      bus.write("value", 0, fill, { key: "k" });
      assertEquals(await seen, [
        { kind: "object", bytes: [1, 2, 3] },
        { kind: "object", bytes: [] },
      ]);
      assertEquals(here, [[[1, 2, 3], undefined], [[], "k"]]);
    });
  });

  it("goes to the thread of its key, and whole to each that wants it", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const fill = (bytes: Uint8Array, offset: number, length: number) => {
        bytes.fill(7, offset, offset + length);
      };
      const keyed = collect(bus, "seen", 3);
      for (const key of ["a", "a", "b"]) bus.write("keyed", 1, fill, { key });
      for (const { key, index } of await keyed as { key: string; index: number }[]) {
        assertEquals(index, fnv1a(key) % 2);
      }
      const each = collect(bus, "seen", 2);
      bus.write("each bytes", 3, fill);
      assertEquals((await each).toSorted(), [[0, 7, 7, 7], [1, 7, 7, 7]]);
    });
  });

  it("takes the event back when 'fill' throws, and refuses what it emits", async () => {
    await withBus("kinds", {}, async (bus) => {
      await bus.ready;
      const { emitted } = bus.stats();
      assertThrows(() =>
        bus.write("value", 8, () => {
          throw new RangeError("no data");
        }), RangeError);
      assertThrows(
        () => bus.write("value", 8, () => bus.emit("value", 1)),
        TypeError,
        "must not emit",
      );
      bus.on("here", () => {});
      assertThrows(
        () => bus.write("here", 8, () => bus.emit("here")),
        TypeError,
        "must not emit",
      );
      assertThrows(() => bus.write("value", 1e6, () => {}), RangeError, "raise 'capacity'");
      assertThrows(() => bus.write("value", -1, () => {}), RangeError, "'length'");
      await bus.drain();
      assertEquals(bus.stats().emitted, emitted);
    });
  });
});

describe("valueCodec", () => {
  it("carries what JSON does not", async () => {
    const valueCodec = {
      encode: (data: unknown) => new TextEncoder().encode(BigInt(data as bigint).toString()),
      decode: (bytes: Uint8Array) => BigInt(new TextDecoder().decode(bytes)),
    };
    await withBus("codec", { valueCodec }, async (bus) => {
      const doubled = collect(bus, "doubled", 1);
      bus.emit("double", 2n ** 70n);
      assertEquals(await doubled, [2n ** 71n]);
      assertThrows(() => bus.emit("double", Symbol("s")), TypeError, "'valueCodec' gives no bytes");
    });
  });

  describe("that refuses data at home", () => {
    const valueCodec = {
      encode: (data: unknown) => new TextEncoder().encode(String(data)),
      decode(bytes: Uint8Array) {
        const data = BigInt(new TextDecoder().decode(bytes));
        if (data === 26n) throw new RangeError("the codec refuses");
        return data;
      },
    };

    it("fails an event that is to be delivered, and home goes on", async () => {
      const failures: [string, BusEvent, string][] = [];
      const onError = (error: unknown, { event, subscription }: ErrorContext) => {
        failures.push([String(error), event, subscription.pattern]);
      };
      await withBus("codec", { valueCodec, threads: 1, onError }, async (bus) => {
        await bus.ready;
        const doubled = collect(bus, "doubled", 2);
        for (const data of [1n, 13n, 2n]) bus.emit("double", data);
        assertEquals(await doubled, [2n, 4n]);
        await bus.drain();
        const expected = ["RangeError: the codec refuses", { type: "doubled", data: undefined }];
        assertEquals(failures, [[...expected, "doubled"]] as typeof failures);
        const { emitted, processed, dropped, failed } = bus.stats();
        assertEquals([emitted, processed, dropped, failed], [6, 6, 0, 1]);
      });
    });

    it("names an event without it that has killed its thread, and starts the next one", async () => {
      const errors: Error[] = [];
      const onError = (error: unknown) => void errors.push(error as Error);
      await withBus("codec", { valueCodec, threads: 1, onError }, async (bus) => {
        await bus.ready;
        const doubled = collect(bus, "doubled", 1);
        bus.emit({ type: "die", data: 26n, id: "x" });
        bus.emit("double", 1n);
        assertEquals(await doubled, [2n]);
        const [refusal, crash] = errors;
        assertEquals([refusal.message, crash.name], ["the codec refuses", "CrashError"]);
        assertEquals((crash as CrashError).id, "x");
      });
    });
  });

  it("must be given to both sides", async () => {
    const onError = () => {};
    await withBus("codec", { threads: 1, maxRestarts: 0, onError }, async (bus) => {
      const error = await assertRejects(() => bus.ready, Error, "thread 0 does not start");
      assertEquals(String((error as Error).cause).includes("'valueCodec' must be given"), true);
    });
  });
});
