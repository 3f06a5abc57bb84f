import { assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { batch, eachForm, failing, failureOf, single } from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { randomFail } from "./random_fail.ts";

/** Which of the calls fail. */
function failures(calls: number, options: Parameters<typeof randomFail>[0]): number[] {
  const handle = randomFail(options)(() => {});
  return Array.from({ length: calls }, (_, at) => at).filter(() => {
    try {
      handle(single());
      return false;
    } catch {
      return true;
    }
  });
}

describe("randomFail", () => {
  it("fails always with 1 and never with 0, before the handler runs", async () => {
    const handler = failing();
    const error = await failureOf(() => randomFail({ probability: 1, seed: 7 })(handler)(single()));
    assertEquals((error as Error).message, "Failed at random: seed 7, draw 1");
    assertEquals(handler.calls.length, 0);
    assertEquals(failures(1_000, { probability: 0 }), []);
  });

  it("fails about as often as it is asked to", () => {
    const { length } = failures(10_000, { probability: 0.25, seed: 1 });
    assertGreater(length, 2_300);
    assertLess(length, 2_700);
  });

  it("fails the same with the same seed, and otherwise with another", () => {
    const first = failures(100, { probability: 0.5, seed: 7 });
    assertEquals(failures(100, { probability: 0.5, seed: 7 }), first);
    assertEquals(failures(100, { probability: 0.5, seed: 8 }).join() === first.join(), false);
  });

  it("draws the numbers of mulberry32", () => {
    const drawn = (seed: number) => {
      const hit = new Set(failures(64, { probability: 0.5, seed }));
      return Array.from({ length: 64 }, (_, at) => hit.has(at) ? "x" : ".").join("");
    };
    // Computed apart from this program.
    assertEquals(drawn(7), "xx...xxx..xx..xxx.x.x.xxxx..x........xxxxxx.xxx...xxxx.xx.xx....");
    assertEquals(drawn(8), "x.x..x.x.x.x.xx..xxx.x..xxx.x.x.x......xxxx..xxx..x.x..xxxx..xx.");
    assertEquals(failures(3, { probability: 0.01170475315, seed: 7 }), []);
    assertEquals(failures(3, { probability: 0.01170475316, seed: 7 }), [0]);
  });

  it("names the seed that it drew itself, of 32 bits", async () => {
    for (let draw = 0; draw < 20; draw++) {
      const error = await failureOf(() => randomFail({ probability: 1 })(failing())(single()));
      const [, seed] = /^Failed at random: seed (\d+), draw 1$/.exec((error as Error).message)!;
      assertLess(Number(seed), 2 ** 32);
    }
  });

  it("nacks those of a batch that are hit and passes on the rest", async () => {
    const messages = Array.from({ length: 100 }, () => new Message());
    let seen: readonly Message[] = [];
    await randomFail({ probability: 0.5, seed: 7 })((work) => void (seen = work.messages))(
      batch(messages),
    );
    assertEquals(seen, messages.filter(({ state }) => state === "pending"));
    const hit = messages.flatMap(({ state }, at) => state === "nacked" ? [at] : []);
    assertEquals(hit, failures(100, { probability: 0.5, seed: 7 }));
  });

  eachForm((form, make) => {
    it(`passes work on as it is that is not hit, ${form}`, () => {
      const work = make();
      const handler = failing();
      randomFail({ probability: 0 })(handler)(work);
      assertEquals(handler.calls[0] === work, true);
    });
  });

  it("does not call with a batch of which nothing is left", () => {
    const handler = failing();
    randomFail({ probability: 1 })(handler)(batch([new Message()]));
    assertEquals(handler.calls.length, 0);
  });

  it("refuses malformed options", () => {
    randomFail({ probability: 0, seed: 0 });
    assertThrows(() => randomFail({ probability: 1.1 }), RangeError, "must be from 0 to 1");
    assertThrows(() => randomFail({ probability: -0.1 }), RangeError, "must be from 0 to 1");
    assertThrows(() => randomFail({} as never), TypeError, "'probability'");
    assertThrows(() => randomFail({ probability: 1, seed: 0.5 }), RangeError, "'seed'");
  });
});
