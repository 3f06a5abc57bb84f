import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { fields } from "../message/codec.ts";
import { type Message, writeRecord } from "../message/message.ts";
import type { FailedAttempt } from "./consume_options.ts";
import { HeldHandler, settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

/** Nobody else waits out a delay. */
const ENGINE = { requeue: "engine", counts: false } as const;

function fail(): never {
  throw new Error("no");
}

/** Collects dead letters; the first `refused` are not taken. */
function letterBox(refused = 0) {
  const letters: Message[] = [];
  const publish = (letter: Message) => {
    if (refused-- > 0) return Promise.reject(new Error("no room"));
    letters.push(letter);
    return Promise.resolve();
  };
  return { letters, target: { topic: "dead", handler: "h", publish } };
}

describe("an attempt that failed", () => {
  it("is redelivered after 1 s × 2 ≤ 60 s where nothing else is said, and reported each time", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(ENGINE);
      const failures: FailedAttempt[] = [];
      let calls = 0;
      const consumption = await start(transport, () => {
        calls++;
        fail();
      }, { onFailure: (failure) => failures.push(failure) });
      transport.current.give(...transport.current.deliver(["a"]));
      await settle();
      for (const [at, delay] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
        assertEquals(failures[at]!.verdict, { kind: "redeliver", delay: delay * 1_000 });
        await time.tickAsync(delay * 1_000 - 1);
        assertEquals(calls, at + 1);
        await time.tickAsync(1);
        assertEquals(calls, at + 2);
      }
      assertEquals(failures.map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
      await consumption.close();
    }));

  it("waits for what its nack says instead of the back-off, 0 included", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport(ENGINE);
      const delays = [0, 7_000, undefined];
      const attempts: number[] = [];
      const consumption = await start(transport, (message) => {
        attempts.push(message.attempt);
        const delay = delays.shift();
        if (attempts.length < 4) message.nack(delay === undefined ? {} : { delay });
      }, { retry: { delays: [500, 500, 500] } });
      transport.current.give(...transport.current.deliver(["a"]));
      await time.tickAsync(0);
      assertEquals(attempts, [1, 2]);
      await time.tickAsync(6_999);
      assertEquals(attempts.length, 2);
      await time.tickAsync(1);
      assertEquals(attempts.length, 3);
      await time.tickAsync(500);
      assertEquals(attempts, [1, 2, 3, 4]);
      await consumption.close();
    }));

  it("has the reason of its nack, and its first settlement counts", async () => {
    const transport = new ScriptedTransport();
    const failures: FailedAttempt[] = [];
    const seen: boolean[] = [];
    const consumption = await start(transport, (message) => {
      if (message.uuid === "a") {
        seen.push(message.nack({ reason: "bad", delay: 0 }), message.ack(), message.nack());
        throw new Error("too late");
      }
      seen.push(message.ack(), message.nack());
      throw new Error("too late");
    }, { onFailure: (failure) => failures.push(failure) });
    const source = transport.current;
    source.give(...source.deliver(["a", "b"]));
    await settle();
    assertEquals(seen, [true, false, false, true, false]);
    assertEquals(failures[0]!.error, "bad");
    assertEquals([source.requeues, source.acks], [[["a"]], [["b"]]]);
    await consumption.close();
  });

  it("has what the handler throws for its reason where its nack gives none", async () => {
    const transport = new ScriptedTransport();
    const failures: FailedAttempt[] = [];
    const consumption = await start(transport, (message) => {
      message.nack();
      fail();
    }, { onFailure: (failure) => failures.push(failure) });
    transport.current.give(...transport.current.deliver(["a"]));
    await settle();
    assertEquals(failures.map(({ error }) => (error as Error).message), ["no"]);
    await consumption.close();
  });

  it("is told and counted when its message is acked before, and nothing else happens", async () => {
    const transport = new ScriptedTransport();
    const failures: FailedAttempt[] = [];
    const consumption = await start(transport, (message) => {
      message.ack();
      fail();
    }, {
      retry: 3,
      onFailure: (failure) => failures.push(failure),
      pauseOn: { failureRate: 1, minimum: 2, window: 1_000, resumeAfter: 60_000 },
    });
    const source = transport.current;
    source.give(...source.deliver(["a", "b"]));
    await settle();
    const told = failures.map(({ message, verdict }) => [message.uuid, verdict.kind]);
    assertEquals(told, [["a", "acked"], ["b", "acked"]]);
    const { acked, failed, retried } = consumption.stats();
    assertEquals({ acked, failed, retried }, { acked: 2, failed: 2, retried: 0 });
    assertEquals([source.requeues, source.isAsked], [[], false], "the kill switch has tripped");
    await consumption.close();
  });

  it("frees its place when it acks early, and the next one may come", async () => {
    const transport = new ScriptedTransport();
    const handler = new HeldHandler();
    const consumption = await start(transport, handler.handle, { prefetch: 1, workers: 2 });
    const source = transport.current;
    source.give(...source.deliver(["a"]));
    await settle();
    assertEquals(source.isAsked, false);
    handler.messages.get("a")!.ack();
    await settle();
    assertEquals([source.isAsked, source.acks], [true, [["a"]]]);
    await handler.fail("a");
    const { failed, inFlight } = consumption.stats();
    assertEquals([failed, inFlight], [1, 0]);
    await consumption.close();
  });

  it("survives hooks that throw", () =>
    withTime(async (time) => {
      const { error } = console;
      const printed: unknown[][] = [];
      console.error = (...words) => printed.push(words);
      try {
        const transport = new ScriptedTransport({ ...ENGINE, lease: 1_000 });
        transport.prepare = (source) => {
          source.ack = () => Promise.reject(new Error("down"));
          source.extend = () => Promise.reject(new Error("down"));
        };
        let calls = 0;
        const consumption = await start(transport, () => {
          if (++calls < 3) fail();
        }, {
          retry: { maxRetries: 5, initialDelay: 600, jitter: "none", shouldRetry: fail },
          pauseOn: { failureRate: 0.1, minimum: 1, window: 10, resumeAfter: 10 },
          onFailure: fail,
          onSettleError: fail,
          onConnection: fail,
          onPause: fail,
        });
        transport.current.give(...transport.current.deliver(["a"]));
        await time.tickAsync(2_000);
        assertEquals([calls, consumption.stats().acked], [3, 1]);
        const failed = assertRejects(() => consumption.close({ timeout: 1_000 }));
        await time.tickAsync(5_000);
        await failed;
        assertEquals(printed.every(([text]) => text === "A hook failed:"), true);
        assertEquals(printed.length > 6, true);
      } finally {
        console.error = error;
      }
    }));
});

describe("a message that arrives beyond its budget", () => {
  it("is given up without a call", async () => {
    for (const fate of ["dead-letter", "discard"] as const) {
      const transport = new ScriptedTransport();
      const { letters, target } = letterBox();
      let calls = 0;
      const consumption = await start(transport, () => void calls++, {
        retry: 1,
        ...fate === "discard" ? { onExhausted: fate } : { deadLetter: target },
      });
      const source = transport.current;
      source.give(...source.deliver(["a"], { count: 3 }), ...source.deliver(["b"], { count: 2 }));
      await settle();
      assertEquals([calls, source.acks.flat().sort()], [1, ["a", "b"]]);
      assertEquals(
        letters.map(({ metadata }) => metadata.get("dlq_reason")),
        fate === "discard" ? [] : [
          "Error: Attempt 3 is beyond the 2 that are allowed: " +
          "before it a process ended, or lost its lease, without an answer",
        ],
      );
      await consumption.close();
    }
  });

  it("is handled each time where it is redelivered", async () => {
    const transport = new ScriptedTransport();
    const attempts: number[] = [];
    const consumption = await start(transport, ({ attempt }) => void attempts.push(attempt));
    transport.current.give(...transport.current.deliver(["a"], { count: 9 }));
    await settle();
    assertEquals(attempts, [9]);
    await consumption.close();
  });
});

describe("a message that cannot be read", () => {
  it("becomes a dead letter with its bytes, without a call", async () => {
    const transport = new ScriptedTransport();
    const { letters, target } = letterBox();
    const payload = new Uint8Array([0, 159, 146, 150]);
    let calls = 0;
    const consumption = await start(transport, () => void calls++, {
      deadLetter: target,
      retry: 3,
      ordered: "key",
      codec: {
        ...fields,
        decode() {
          throw new SyntaxError("no JSON");
        },
      },
    });
    const source = transport.current;
    const [delivery] = source.deliver(["a"], { key: "k" });
    source.give({ ...delivery!, rec: { ...delivery!.rec, payload, headers: [["x", "y"]] } });
    await settle();
    const [letter] = letters;
    assertEquals([calls, letter!.uuid, letter!.key, letter!.payload], [0, "a", "k", payload]);
    assertEquals(letter!.metadata.get("x"), "y");
    assertEquals(letter!.metadata.get("dlq_reason"), "SyntaxError: no JSON");
    assertEquals(source.acks, [["a"]]);
    await consumption.close();
  });

  it("is one whose key cannot be told, and holds up nobody else's", async () => {
    const transport = new ScriptedTransport();
    const { letters, target } = letterBox();
    const seen: string[] = [];
    const consumption = await start(transport, ({ uuid }) => void seen.push(uuid), {
      deadLetter: target,
      ordered: {
        by: ({ uuid }) => {
          if (uuid === "b") throw new TypeError("no order");
          return "k";
        },
      },
    });
    transport.current.give(...transport.current.deliver(["a", "b", "c"]));
    await settle();
    assertEquals([seen, letters.map(({ uuid }) => uuid)], [["a", "c"], ["b"]]);
    await consumption.close();
  });
});

describe("a dead letter", () => {
  it("is published until it is confirmed; its place stays taken, and the stall is told once", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport({ lease: 400 });
      const { letters, target } = letterBox(4);
      const stalls: unknown[] = [];
      const consumption = await start(transport, fail, {
        deadLetter: target,
        onStall: ({ topic, lane, uuid, cause }) => stalls.push([topic, lane, uuid, `${cause}`]),
      });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      for (const [at, delay] of [100, 200, 400, 800].entries()) {
        assertEquals([letters.length, consumption.stats().inFlight], [0, 1], `attempt ${at}`);
        await time.tickAsync(delay);
      }
      assertEquals([letters.length, source.acks], [1, [["a"]]]);
      assertEquals(stalls, [["orders", "0", "a", "Error: no room"]]);
      assertEquals(source.extensions.every((ids) => ids.join() === "a"), true);
      assertEquals(source.extensions.length > 5, true);
      await consumption.close();
    }));

  it("is not published again when its place was taken away meanwhile", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const { letters, target } = letterBox(1);
      const consumption = await start(transport, fail, { deadLetter: target });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      source.host.lost(source.lane);
      await time.tickAsync(60_000);
      assertEquals([letters, source.acks, consumption.stats().lost], [[], [], 1]);
      await consumption.close();
    }));

  it("is published and acked in one step where the source can, and counts as acked", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const transferred: string[] = [];
      let refused = 1;
      transport.prepare = (source) => {
        source.transfer = (delivery, topic, rec) => {
          if (refused-- > 0) return Promise.reject(new Error("no room"));
          transferred.push(`${delivery.rec.id} ${topic} ${rec.id}`);
          return Promise.resolve();
        };
      };
      const { letters, target } = letterBox();
      const consumption = await start(transport, fail, {
        deadLetter: { ...target, encode: writeRecord },
      });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await time.tickAsync(100);
      assertEquals([transferred, letters, source.acks], [["a dead a"], [], []]);
      const { acked, deadLettered, inFlight } = consumption.stats();
      assertEquals([acked, deadLettered, inFlight], [1, 1, 0]);
      await consumption.close();
    }));

  it("goes by its publisher where it goes to another transport, or a position is committed", async () => {
    for (const encode of [undefined, writeRecord]) {
      const transport = new ScriptedTransport(
        encode === undefined ? {} : { ...ENGINE, settle: "prefix" },
      );
      transport.prepare = (source) => source.transfer = () => Promise.reject(new Error("never"));
      const { letters, target } = letterBox();
      const deadLetter = encode === undefined ? target : { ...target, encode };
      const consumption = await start(transport, fail, { deadLetter });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      assertEquals([letters.length, source.acks], [1, [["a"]]]);
      await consumption.close();
    }
  });
});
