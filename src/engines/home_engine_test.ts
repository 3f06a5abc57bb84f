import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError } from "../core/errors.ts";
import { withIdleThread } from "./testdata/idle_thread.ts";
import { turn } from "./testdata/waits.ts";

/** How many events the queue of home holds. */
const QUEUE = 65_536;
const NOTE = ["on", 1, "answer", false];

/** Reads until so many frames have come. */
async function readAll(read: () => unknown[], count: number): Promise<unknown[]> {
  const seen = read();
  while (seen.length < count) {
    await turn();
    seen.push(...read());
  }
  return seen;
}

describe("write()", () => {
  it("goes on in peace when what fills its frame subscribes", () =>
    withIdleThread(async (bus, { read }) => {
      bus.write("written", 8, (bytes, at) => {
        bytes.fill(7, at, at + 8);
        bus.on("answer", () => {});
      });
      assertEquals(await readAll(read, 2), ["written", NOTE]);
    }));

  it("tells of a subscription though it was given up", () =>
    withIdleThread(async (bus, { read }) => {
      const fill = () => {
        bus.on("answer", () => {});
        throw new RangeError("no");
      };
      assertThrows(() => bus.write("written", 8, fill), RangeError, "no");
      assertEquals(await readAll(read, 1), [NOTE]);
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

describe("emit() that makes room in the full queue of home", () => {
  it("is refused if a handler closes the bus meanwhile", () =>
    withIdleThread((bus) => {
      bus.on("local", () => void bus.close({ timeout: 60_000 }));
      for (let i = 0; i < QUEUE; i++) bus.emit("local");
      assertThrows(() => bus.emit("local"), BusClosedError);
      return Promise.resolve();
    }));
});
