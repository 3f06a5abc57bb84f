import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { scheduleMacrotask } from "../runtime/macrotask.ts";
import type { Lane, Traits } from "./port.ts";
import { Settler } from "./settler.ts";
import { settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedSource, ScriptedTransport } from "./testdata/scripted_source.ts";

/** A settler over a source whose acks the test answers, and what it tells. */
function open(how: Traits["settle"] = "each") {
  const source = new ScriptedSource(undefined as never);
  const { ack } = source;
  const answers: PromiseWithResolvers<void>[] = [];
  source.ack = async (deliveries) => {
    await ack.call(source, deliveries);
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    await answer.promise;
  };
  const failures: [unknown, number][] = [];
  const settler = new Settler(source, how, {
    failed: (error, count) => failures.push([error, count]),
    advanced: () => {},
  });
  const ackAll = (ids: string[], lane?: Lane) => {
    for (const delivery of source.deliver(ids, lane && { lane })) settler.ack(delivery);
  };
  return { source, settler, answers, failures, ackAll };
}

describe("Settler", () => {
  it("has one call in flight, and the next carries what came meanwhile", async () => {
    const { source, settler, answers, ackAll } = open();
    ackAll(["a", "b"]);
    await settle();
    ackAll(["c"]);
    ackAll(["d"]);
    await settle();
    assertEquals([source.acks, settler.pending], [[["a", "b"]], 4]);
    answers[0]!.resolve();
    await settle();
    assertEquals([source.acks, settler.pending], [[["a", "b"], ["c", "d"]], 2]);
    answers[1]!.resolve();
    await settle();
    assertEquals(settler.pending, 0);
  });

  it("commits the last of each lane", async () => {
    const { source, ackAll } = open("prefix");
    const lane = { name: "1", fenced: false };
    ackAll(["a", "b"]);
    ackAll(["c", "d"], lane);
    await settle();
    assertEquals(source.acks, [["b", "d"]]);
  });

  it("hears of a decision at whatever moment of a call's end it is taken", async () => {
    for (let moment = 0; moment < 20; moment++) {
      const { source, answers, ackAll } = open();
      ackAll(["a"]);
      await settle();
      answers[0]!.resolve();
      for (let turn = 0; turn < moment; turn++) await undefined;
      ackAll(["b"]);
      await settle();
      assertEquals(source.acks, [["a"], ["b"]], `after ${moment} turns`);
    }
  });

  it("offers again what was not taken after 100 ms × 2 ≤ 5 s, not sooner for what comes meanwhile", () =>
    withTime(async (time) => {
      const { source, settler, answers, failures, ackAll } = open();
      ackAll(["a"]);
      await settle();
      const down = new Error("down");
      for (const [at, wait] of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000].entries()) {
        answers[at]!.reject(down);
        await settle();
        ackAll([`later ${at}`]);
        await time.tickAsync(wait - 1);
        assertEquals(source.acks.length, at + 1);
        await time.tickAsync(1);
        assertEquals(source.acks.length, at + 2);
      }
      assertEquals(failures.slice(0, 3), [[down, 1], [down, 2], [down, 3]]);
      answers.at(-1)!.resolve();
      await settle();
      assertEquals([source.acks.at(-1)!.length, settler.pending], [9, 0]);
    }));

  it("offers at once what was not taken when the connection is back, however often it was lost", () =>
    withTime(async () => {
      const transport = new ScriptedTransport();
      let isDown = true;
      const { promise: taken, resolve } = Promise.withResolvers<void>();
      transport.prepare = (source) => {
        const { ack } = source;
        source.ack = async (deliveries) => {
          await ack.call(source, deliveries);
          if (isDown) throw new Error("down");
          resolve();
        };
      };
      const consumption = await start(transport, () => {});
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      const back = () => source.host.event({ kind: "recovered", at: 0 });
      for (let time = 2; time <= 5; time++) {
        back();
        await settle();
        assertEquals(source.acks.length, time);
      }
      isDown = false;
      source.host.event({ kind: "lost", at: 0 });
      await settle();
      assertEquals(source.acks.length, 5);
      back();
      await taken;
      assertEquals(source.acks.at(-1), ["a"]);
      await consumption.close();
    }));

  it("has nobody wait for what was not taken as its lane is another's by then", () =>
    withTime(async () => {
      for (const how of ["each", "prefix"] as const) {
        const { source, settler, answers, failures, ackAll } = open(how);
        const lost = { name: "1", fenced: false };
        ackAll(["a"], lost);
        await settle();
        ackAll(["b"]);
        lost.fenced = true;
        answers[0]!.reject(new Error("not yours"));
        await settle();
        assertEquals([source.acks, failures.length], [[["a"], ["b"]], 1]);
        answers[1]!.resolve();
        await settle();
        assertEquals(settler.pending, 0);
      }
    }));

  it("flush() does not wait for the next attempt, and resolves when all is taken", () =>
    withTime(async (time) => {
      const { source, settler, answers, ackAll } = open();
      ackAll(["a"]);
      await settle();
      answers[0]!.reject(new Error("down"));
      await settle();
      let isFlushed = false;
      const flushed = settler.flush().then(() => isFlushed = true);
      await settle();
      assertEquals(source.acks.length, 2);
      answers[1]!.reject(new Error("down"));
      await time.tickAsync(199);
      assertEquals([isFlushed, source.acks.length], [false, 2]);
      await time.tickAsync(1);
      answers[2]!.resolve();
      await flushed;
      assertEquals(settler.pending, 0);
      await settler.flush();
    }));

  it("flush() resolves when the source is gone, between two calls or in one", () =>
    withTime(async () => {
      for (const isCalling of [false, true]) {
        const { settler, answers, ackAll } = open();
        ackAll(["a"]);
        await settle();
        const flushed = settler.flush();
        if (isCalling) {
          settler.stop();
          answers[0]!.reject(new Error("down"));
        } else {
          answers[0]!.reject(new Error("down"));
          await settle();
          settler.stop();
        }
        await flushed;
      }
    }));

  it("stop() drops what waits, and what a call in flight brings back", () =>
    withTime(async (time) => {
      const { source, settler, answers, ackAll } = open();
      ackAll(["a"]);
      await settle();
      ackAll(["b"]);
      settler.stop();
      answers[0]!.reject(new Error("down"));
      await time.tickAsync(60_000);
      ackAll(["c"]);
      await time.tickAsync(60_000);
      assertEquals([source.acks, settler.pending], [[["a"]], 0]);
    }));

  it("tells nobody where there is nothing to tell, nor asks for what the source cannot", async () => {
    const { source, settler, ackAll } = open("none");
    ackAll(["a"]);
    delete source.requeue;
    settler.requeue({ delivery: source.deliver(["b"])[0]!, delay: 0, unstarted: true });
    await settle();
    assertEquals([source.acks, settler.pending], [[], 0]);
  });

  it("lets more in when the lane that too many decisions were of is somebody else's", async () => {
    const transport = new ScriptedTransport();
    const broker = Promise.withResolvers<void>();
    transport.prepare = (source) => source.ack = () => broker.promise;
    const consumption = await start(transport, () => {}, { prefetch: 5_000 });
    const source = transport.current;
    const lane = { name: "1", fenced: false };
    source.give(...source.deliver(["first"], { lane }));
    await settle();
    const rest = Array.from({ length: 4_096 }, (_, at) => `${at}`);
    source.give(...source.deliver(rest, { lane }));
    await settle();
    // After so many deliveries the feed gives others a turn.
    await new Promise<void>(scheduleMacrotask);
    await settle();
    assertEquals(source.isAsked, false, "the broker is too far behind");
    source.host.lost(lane);
    broker.resolve();
    await settle();
    assertEquals(source.isAsked, true);
    await consumption.close();
  });
});
