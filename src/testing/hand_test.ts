import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Delivery, Source, SourceSpec, Transport } from "../transport/port.ts";
import { ConformanceError } from "./failure.ts";
import { Hand } from "./hand.ts";

const SPEC: SourceSpec = { topic: "orders", from: "latest", prefetch: 16, ordered: false };

const DELIVERY = {} as Delivery;

function handOf(source: Partial<Source>, deadline = 10_000): Hand {
  const transport = { traits: {}, source: () => Promise.resolve(source) } as unknown as Transport;
  return new Hand(transport, SPEC, deadline);
}

describe("Hand", () => {
  it("lets others go on while its source gives nothing, however fast", async () => {
    let given: Delivery[] = [];
    const hand = handOf({ fetch: () => Promise.resolve(given) });
    await hand.subscribe();
    setTimeout(() => given = [DELIVERY], 0);
    assertEquals(await hand.take(1), [DELIVERY]);
  });

  it("takes what a source pushes", async () => {
    const hand = handOf({});
    await hand.subscribe();
    const taking = hand.take(2);
    hand.admit(DELIVERY);
    assertEquals(hand.offer(DELIVERY), true);
    assertEquals(await taking, [DELIVERY, DELIVERY]);
  });

  it("takes a fetch that rejects for its signal for one that has ended", async () => {
    const hand = handOf({
      fetch: (_room, _paused, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    await hand.subscribe();
    assertEquals(typeof await hand.idle(() => Promise.resolve()), "number");
  });

  it("acks the last of each lane where positions are committed", async () => {
    const acked: (readonly Delivery[])[] = [];
    const hand = handOf({
      traits: { settle: "prefix" },
      // deno-lint-ignore require-await
      ack: async (deliveries) => void acked.push(deliveries),
    });
    await hand.subscribe();
    const lanes = ["0", "1"].map((name) => ({ name, fenced: false }));
    const deliveries = [0, 1, 0].map((at) => ({ ...DELIVERY, lane: lanes[at]! }));
    await hand.settle(deliveries);
    assertEquals(acked, [[deliveries[2]!, deliveries[1]!]]);
  });

  it("fails when a source does not take an ack, and when it does not end", async () => {
    const never = () => new Promise<void>(() => {});
    const hand = handOf({ traits: { settle: "each" }, ack: never, close: never }, 1);
    await hand.subscribe();
    await assertRejects(() => hand.settle([DELIVERY]), ConformanceError, "An ack did not happen");
    await assertRejects(() => hand.leave(), ConformanceError, "The end of a source did not happen");
  });
});
