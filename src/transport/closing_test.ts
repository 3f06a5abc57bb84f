import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import type { Message } from "../message/message.ts";
import type { Consumption } from "./consumption.ts";
import type { DeadLetterTarget } from "./dead_letter.ts";
import { HeldHandler, settle, start, withTime } from "./testdata/engine_world.ts";
import { ScriptedTransport } from "./testdata/scripted_source.ts";

/** Where dead letters go; the test confirms them. */
function letterBox(): DeadLetterTarget & { letters: Message[]; confirm: () => void } {
  const letters: Message[] = [];
  const box = {
    topic: "dead",
    handler: "h",
    letters,
    confirm: () => {},
    publish: (letter: Message) => {
      letters.push(letter);
      return new Promise<void>((resolve) => box.confirm = resolve);
    },
  };
  return box;
}

describe("close()", () => {
  it("gives back what is queued or delayed, uncounted, and what a late fetch brings", () =>
    withTime(async () => {
      const transport = new ScriptedTransport();
      const answer = Promise.withResolvers<void>();
      transport.prepare = (source) => {
        const { fetch } = source;
        source.fetch = async (room, paused, signal) => {
          const given = await fetch!(room, paused, signal);
          if (!signal.aborted) return given;
          await answer.promise;
          return source.deliver(["late"]);
        };
      };
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle, {
        ordered: "key",
        retry: { delays: [60_000] },
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b"], { key: "k" }), ...source.deliver(["c", "d"]));
      await settle();
      await handler.fail("a");
      const closed = consumption.close();
      await settle();
      assertEquals(source.requeues.flat(), ["a+", "b+", "d+"]);
      await handler.end("c");
      assertEquals(source.closed, 0);
      answer.resolve();
      await closed;
      assertEquals(source.requeues.flat(), ["a+", "b+", "d+", "late+"]);
      assertEquals([source.acks, source.closed], [[["c"]], 1]);
      const { received, acked, returned, inFlight } = consumption.stats();
      assertEquals([received, acked, returned, inFlight], [5, 1, 4, 0]);
    }));

  it("resolves after acks are flushed, however late they are taken", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const taken = Promise.withResolvers<void>();
      transport.prepare = (source) => source.ack = () => taken.promise;
      const consumption = await start(transport, () => {});
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      let isClosed = false;
      const closed = consumption.close().then(() => isClosed = true);
      await time.tickAsync(20_000);
      assertEquals([isClosed, source.closed], [false, 0]);
      taken.resolve();
      await closed;
      assertEquals(source.closed, 1);
    }));

  it("offers acks that are refused again until they are taken, or rejects at the deadline", () =>
    withTime(async (time) => {
      for (const isDown of [false, true]) {
        const transport = new ScriptedTransport();
        let calls = 0;
        transport.prepare = (source) =>
          source.ack = () =>
            ++calls < 3 || isDown ? Promise.reject(new Error("down")) : Promise.resolve();
        const consumption = await start(transport, () => {});
        const source = transport.current;
        source.give(...source.deliver(["a"]));
        await settle();
        const closed = consumption.close({ timeout: 2_000 })
          .then(() => 0, ({ remaining }: CloseTimeoutError) => remaining);
        await time.tickAsync(5_000);
        assertEquals([await closed, source.closed], [isDown ? 1 : 0, 1]);
        assertEquals(consumption.stats().settleErrors, isDown ? calls : 2);
      }
    }));

  it("rejects when acks are not flushed by the deadline, and is closed", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      transport.prepare = (source) => source.ack = () => new Promise(() => {});
      const consumption = await start(transport, () => {});
      const source = transport.current;
      source.give(...source.deliver(["a", "b"]));
      await settle();
      const failed = assertRejects(() => consumption.close({ timeout: 500 }), CloseTimeoutError);
      await time.tickAsync(3_000);
      assertEquals([(await failed).remaining, source.closed], [2, 1]);
      await consumption.closed;
    }));

  it("ends within its time and three seconds of grace, whatever hangs", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      transport.prepare = (source) => {
        source.ack = source.close = () => new Promise(() => {});
        source.requeue = () => new Promise(() => {});
      };
      const consumption = await start(transport, ({ uuid }) => {
        if (uuid === "a") return;
        return new Promise(() => {});
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b", "c"]));
      await settle();
      const failed = assertRejects(() => consumption.close({ timeout: 700 }), CloseTimeoutError);
      await time.tickAsync(3_700);
      await failed;
    }));

  it("shortens the wait when it is called again, and never lengthens it", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const consumption = await start(transport, () => new Promise(() => {}));
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      const failures = [60_000, 2_000, 50_000].map((timeout) =>
        assertRejects(() => consumption.close({ timeout }), CloseTimeoutError, "within 2000 ms")
      );
      await time.tickAsync(3_000);
      await Promise.all(failures);
      await assertRejects(() => consumption.close(), CloseTimeoutError, "within 2000 ms");
    }));

  it("refuses a time that is none, and closes nothing", async () => {
    const transport = new ScriptedTransport();
    const consumption = await start(transport, () => {});
    await assertRejects(
      () => consumption.close({ timeout: -1 }),
      RangeError,
      "Cannot close the subscription as 'timeout' must be at least 0 ms: current value is -1",
    );
    await assertRejects(() => consumption.close({ tiemout: 1 } as object), TypeError, "'tiemout'");
    await settle();
    assert(transport.current.isAsked);
    await consumption.close();
  });

  it("may be called by a handler", () =>
    withTime(async () => {
      const transport = new ScriptedTransport();
      const consumption: Consumption = await start(transport, () => {
        consumption.close();
      });
      const source = transport.current;
      source.give(...source.deliver(["a", "b"]));
      await settle();
      await consumption.closed;
      assertEquals([source.acks, source.requeues], [[["a"]], [["b+"]]]);
    }));

  it("never makes a dead letter of a message whose handler had to stop, nor discards it", () =>
    withTime(async (time) => {
      for (const onExhausted of ["dead-letter", "discard"] as const) {
        const transport = new ScriptedTransport();
        const box = letterBox();
        const consumption = await start(
          transport,
          ({ signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
            }),
          onExhausted === "discard" ? { onExhausted } : { deadLetter: box },
        );
        const source = transport.current;
        source.give(...source.deliver(["a"]));
        await settle();
        const closed = consumption.close({ timeout: 100 });
        await time.tickAsync(100);
        await closed;
        assertEquals([box.letters, source.acks, source.requeues], [[], [], [["a+"]]]);
        const { failed, discarded, returned } = consumption.stats();
        assertEquals([failed, discarded, returned], [0, 0, 1]);
      }
    }));

  it("waits for a dead letter that is on its way, and makes no second attempt", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const box = letterBox();
      let refuse = (_: Error) => {};
      const publish = (letter: Message) => {
        box.letters.push(letter);
        if (letter.uuid === "a") return new Promise<void>((resolve) => box.confirm = resolve);
        return new Promise<void>((_, reject) => refuse = reject);
      };
      const consumption = await start(transport, () => {
        throw new Error("no");
      }, { deadLetter: { ...box, publish } });
      const source = transport.current;
      source.give(...source.deliver(["a", "b"]));
      await settle();
      const closed = consumption.close();
      await time.tickAsync(1_000);
      assertEquals(source.closed, 0);
      refuse(new Error("down"));
      box.confirm();
      await closed;
      assertEquals(box.letters.map(({ uuid }) => uuid), ["a", "b"]);
      assertEquals([source.acks, source.requeues], [[["a"]], [["b+"]]]);
    }));

  it("does not give back a dead letter whose second attempt is on its way", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const box = letterBox();
      const publish = (letter: Message) =>
        box.letters.length === 0
          ? Promise.reject(new Error(`no ${box.letters.push(letter)}`))
          : box.publish(letter, "");
      const consumption = await start(transport, () => {
        throw new Error("no");
      }, { deadLetter: { ...box, publish } });
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await time.tickAsync(100);
      assertEquals(box.letters.length, 2);
      const closed = consumption.close();
      await settle();
      box.confirm();
      await closed;
      assertEquals([source.acks, source.requeues], [[["a"]], []]);
    }));

  it("handles what was taken where there is nobody to give it back to, until its deadline", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport({ settle: "none", requeue: "engine" });
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle);
      const source = transport.current;
      source.give(...source.deliver(["a", "b", "c", "d"]));
      await settle();
      const failed = assertRejects(() => consumption.close({ timeout: 1_000 }), CloseTimeoutError);
      await handler.end("a");
      await time.tickAsync(1_000);
      await handler.end("b");
      assertEquals((await failed).remaining, 2);
      assertEquals([handler.calls, consumption.stats().lost], [["a1", "b1"], 2]);
    }));

  it("tells whoever waits for a message that it is no longer theirs", () =>
    withTime(async (time) => {
      const transport = new ScriptedTransport();
      const handler = new HeldHandler();
      const consumption = await start(transport, handler.handle);
      const source = transport.current;
      source.give(...source.deliver(["a"]));
      await settle();
      const message = handler.messages.get("a")!;
      const settled = message.settled();
      const failed = assertRejects(() => consumption.close({ timeout: 0 }), CloseTimeoutError);
      await time.tickAsync(3_000);
      await failed;
      assertEquals((await settled).kind, "lost");
      assertEquals([message.ack(), message.signal.aborted], [false, true]);
      await handler.end("a");
      assertEquals([source.acks, consumption.stats().running], [[], 0]);
    }));
});

describe("the signal of a consumption", () => {
  it("that has aborted makes it reject without asking the transport", async () => {
    const transport = new ScriptedTransport();
    const signal = AbortSignal.abort(new Error("never"));
    await assertRejects(() => start(transport, () => {}, { signal }), Error, "never");
    assertEquals(transport.connected, 0);
  });

  it("closes it, and is left alone afterwards", async () => {
    const transport = new ScriptedTransport();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: [string, EventListener]) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: [string, EventListener]) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };

    const one = await start(transport, () => {}, { signal });
    assertEquals(listeners, 1);
    await one.close();
    await settle();
    assertEquals(listeners, 0);

    transport.connects.push(new RangeError("refused"));
    await assertRejects(() => start(transport, () => {}, { signal }), RangeError);
    assertEquals(listeners, 0);

    const other = await start(transport, () => {}, { signal });
    controller.abort();
    await other.closed;
    assertEquals(transport.current.closed, 1);
  });

  it("that aborts while it connects rejects with its reason", async () => {
    const transport = new ScriptedTransport();
    transport.connects.push(new Promise(() => {}));
    const controller = new AbortController();
    const started = start(transport, () => {}, { signal: controller.signal });
    await settle();
    controller.abort();
    const error = await assertRejects(() => started, DOMException);
    assertEquals([error.name, error instanceof ClosedError], ["AbortError", false]);
  });
});
