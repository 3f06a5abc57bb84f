import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { HOUR, withClockOff } from "../../tests/_messages/harness.ts";
import { Deadline } from "./deadline.ts";
import { withTime } from "./testdata/engine_world.ts";

/** A deadline in half a minute, and what it has said so far. */
function open() {
  const deadline = new Deadline();
  deadline.set(30_000);
  const said: boolean[] = [];
  deadline.holds(new Promise(() => {})).then((holds) => said.push(holds));
  return { deadline, said };
}

describe("a deadline", () => {
  it("passes at its time, whatever the clock is set to", () =>
    withTime(async (time) => {
      for (const jump of [HOUR, -HOUR]) {
        const { said } = open();
        await withClockOff(jump, async () => {
          await time.tickAsync(29_999);
          assertEquals(said, []);
          await time.tickAsync(1);
        });
        assertEquals(said, [false]);
      }
    }));

  it("is brought forward though the clock was set forward since it was set", () =>
    withTime(async (time) => {
      const { deadline, said } = open();
      await withClockOff(HOUR, async () => {
        deadline.set(1_000);
        await time.tickAsync(1_000);
      });
      assertEquals([said, deadline.timeout], [[false], 1_000]);
    }));

  it("is never put off, also where the clock was set back since it was set", () =>
    withTime(async (time) => {
      const { deadline, said } = open();
      await withClockOff(-HOUR, async () => {
        deadline.set(60_000);
        await time.tickAsync(30_000);
      });
      assertEquals([said, deadline.timeout], [[false], 30_000]);
    }));

  it("has passed for nobody who comes after its end", () =>
    withTime(async (time) => {
      const { deadline, said } = open();
      deadline.end();
      deadline.set(0);
      await time.tickAsync(60_000);
      assertEquals(said, []);
    }));
});
