import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { BusClosedError, PatternError } from "./errors.ts";
import { createSyncBus } from "../engines/sync.ts";
import { countedSignal } from "../engines/testdata/counted_signal.ts";

describe("asEventTarget()", () => {
  it("is the same target at each call", () => {
    const bus = createSyncBus();
    let calls = 0;
    const listener = () => void calls++;
    bus.asEventTarget().addEventListener("a", listener);
    bus.asEventTarget().addEventListener("a", listener);
    bus.emit("a");
    assertEquals(calls, 1);
    bus.asEventTarget().removeEventListener("a", listener);
    bus.emit("a");
    assertEquals(calls, 1);
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("gives events as CustomEvents with the data as detail", () => {
    const bus = createSyncBus<{ "a": number }>();
    const target = bus.asEventTarget();
    const seen: unknown[] = [];
    target.addEventListener("a", (event) => {
      seen.push(event.type, event.detail, event.target === target, event instanceof CustomEvent);
    });
    bus.emit("a", 1);
    assertEquals(seen, ["a", 1, true, true]);
  });

  it("calls listener objects, and each listener once however often it is added", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    let calls = 0;
    const listener = { handleEvent: () => calls++ };
    for (const capture of [false, true, false]) target.addEventListener("a", listener, { capture });
    bus.emit("a");
    assertEquals(calls, 1);
  });

  it("refuses what can be no listener, and takes none for none", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget() as EventTarget;
    for (const listener of ["nope", 5, Symbol("s")]) {
      assertThrows(
        () => target.addEventListener("a", listener as unknown as EventListener),
        TypeError,
        "Cannot listen as 'listener' must be a function: current value is",
      );
    }
    for (const listener of [null, undefined]) {
      target.addEventListener("a", listener as null);
      target.removeEventListener("a", listener as null);
    }
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("is subscribed while it has listeners", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    const listeners = [() => {}, () => {}];
    assertEquals(bus.stats().subscriptions, 0);
    for (const listener of listeners) target.addEventListener("a", listener);
    target.addEventListener("b", listeners[0]);
    assertEquals(bus.stats().subscriptions, 2);
    target.removeEventListener("a", listeners[0]);
    target.removeEventListener("c", listeners[0]);
    assertEquals(bus.stats().subscriptions, 2);
    target.removeEventListener("a", listeners[1]);
    assertEquals(bus.stats().subscriptions, 1);
  });

  it("calls a listener with 'once' for one event, then ends its subscription", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    const calls: string[] = [];
    target.addEventListener("a", () => calls.push("once"), { once: true });
    bus.emit("a");
    assertEquals(bus.stats().subscriptions, 0);
    target.addEventListener("a", () => calls.push("always"));
    target.addEventListener("a", () => calls.push("once"), { once: true });
    bus.emit("a");
    bus.emit("a");
    assertEquals(calls, ["once", "always", "once", "always"]);
  });

  it("lets a signal end a listener", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    const controller = new AbortController();
    let calls = 0;
    target.addEventListener("a", () => calls++, { signal: controller.signal });
    bus.emit("a");
    controller.abort();
    bus.emit("a");
    target.addEventListener("a", () => calls++, { signal: controller.signal });
    bus.emit("a");
    assertEquals([calls, bus.stats().subscriptions], [1, 0]);
  });

  it("keeps a 'once' listener that another one adds", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    let calls = 0;
    const second = () => calls++;
    target.addEventListener(
      "a",
      () => target.addEventListener("a", second, { once: true }),
      { once: true },
    );
    for (let i = 0; i < 3; i++) bus.emit("a");
    assertEquals([calls, bus.stats().subscriptions], [1, 0]);
  });

  it("calls a 'once' listener once, even if it emits again itself", () => {
    const bus = createSyncBus();
    let calls = 0;
    bus.asEventTarget().addEventListener("a", () => {
      calls++;
      bus.emit("a");
    }, { once: true });
    bus.emit("a");
    assertEquals(calls, 1);
  });

  it("lets a signal end only the registration that it came with, and lets go of it", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    const { controller, signal, listeners } = countedSignal();
    let calls = 0;
    const listener = () => calls++;
    target.addEventListener("a", listener, { signal });
    assertEquals(listeners(), 1);
    target.removeEventListener("a", listener);
    assertEquals(listeners(), 0);
    target.addEventListener("a", listener);
    controller.abort();
    bus.emit("a");
    assertEquals(calls, 1);
  });

  it("tells onError what a listener throws or rejects with, and spares the others", async () => {
    const heard: unknown[] = [];
    const bus = createSyncBus({
      onError: (error, { event }) => void heard.push(error, event.data),
    });
    const target = bus.asEventTarget();
    let calls = 0;
    target.addEventListener("a", () => {
      throw "thrown";
    });
    target.addEventListener("a", (() => Promise.reject("rejected")) as () => void);
    target.addEventListener("a", () => calls++);
    bus.emit("a", 1);
    await bus.drain();
    assertEquals([heard, calls, bus.stats().failed], [["thrown", 1, "rejected", 1], 1, 2]);
  });

  it("goes one way only", () => {
    const bus = createSyncBus();
    let calls = 0;
    bus.on("a", () => calls++);
    bus.asEventTarget().dispatchEvent(new CustomEvent("a"));
    assertEquals(calls, 0);
  });

  it("ignores a listener that is null, as every target does", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    target.addEventListener("a", null);
    target.removeEventListener("a", null);
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("refuses a type that is no string", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget() as EventTarget;
    for (const type of [5, undefined, null, {}]) {
      assertThrows(
        () => target.addEventListener(type as unknown as string, () => {}),
        TypeError,
        "'pattern' must be a string: current value is",
      );
    }
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("refuses a wildcard, which no target knows", () => {
    const target = createSyncBus().asEventTarget();
    const error = assertThrows(
      () => target.addEventListener("a.*", () => {}),
      PatternError,
      "an EventTarget listens to exact types",
    );
    assertEquals(error.position, 2);
    assertThrows(() => target.addEventListener("", () => {}), PatternError);
  });

  it("tells onError which event a rejection belongs to, where a listener emits again", async () => {
    const heard: unknown[] = [];
    const bus = createSyncBus({
      onError: (error, { event }) => void heard.push(`${error}, ${event.data}`),
    });
    const target = bus.asEventTarget();
    const reject = (event: CustomEvent<unknown>) => Promise.reject(`of ${event.detail}`);
    target.addEventListener("a", reject as (event: CustomEvent<unknown>) => void);
    target.addEventListener("a", (event) => {
      if (event.detail === "outer") bus.emit("a", "inner");
    });
    bus.emit("a", "outer");
    await bus.drain();
    assertEquals(heard.sort(), ["of inner, inner", "of outer, outer"]);
  });

  it("tells onError of the right event after a listener has emitted again", async () => {
    const heard: string[] = [];
    const bus = createSyncBus({
      onError: (error, { event }) => void heard.push(`${error}, ${event.data}`),
    });
    const target = bus.asEventTarget();
    target.addEventListener("a", (event) => {
      if (event.detail === "outer") bus.emit("a", "inner");
    });
    const reject = (event: CustomEvent<unknown>) => Promise.reject(`rejection of ${event.detail}`);
    target.addEventListener("a", reject as (event: CustomEvent<unknown>) => void);
    target.addEventListener("a", (event) => {
      throw `throw of ${event.detail}`;
    });
    bus.emit("a", "outer");
    await bus.drain();
    assertEquals(heard.sort(), [
      "rejection of inner, inner",
      "rejection of outer, outer",
      "throw of inner, inner",
      "throw of outer, outer",
    ]);
  });

  it("calls a listener that has replaced the last one from the next emit on", async () => {
    const heard: unknown[] = [];
    const bus = createSyncBus({ onError: (error) => void heard.push(error) });
    const target = bus.asEventTarget();
    const first = () => heard.push("first");
    const second = () => {
      throw "second";
    };
    bus.on("a", () => {
      target.removeEventListener("a", first);
      target.addEventListener("a", second);
    });
    target.addEventListener("a", first);
    bus.emit("a");
    assertEquals(heard, []);
    bus.emit("a");
    await bus.drain();
    assertEquals(heard, ["second"]);
  });

  it("refuses a signal that is none, and keeps nothing of it", () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget() as EventTarget;
    for (const signal of [null, {}, 5]) {
      assertThrows(
        () => target.addEventListener("a", () => {}, { signal: signal as unknown as AbortSignal }),
        TypeError,
        "Cannot listen as 'signal' must be an AbortSignal",
      );
    }
    assertEquals(bus.stats().subscriptions, 0);
  });

  it("lets go of signals when the bus closes, and takes no listener any more", async () => {
    const bus = createSyncBus();
    const target = bus.asEventTarget();
    const { signal, listeners } = countedSignal();
    target.addEventListener("a", () => {}, { signal });
    target.addEventListener("a", () => {}, { signal });
    assertEquals(listeners(), 2);
    const closed = bus.close();
    assertThrows(() => target.addEventListener("a", () => {}), BusClosedError);
    await closed;
    assertEquals(listeners(), 0);
  });

  it("calls the listeners of an emit that runs when the bus closes", () => {
    const bus = createSyncBus();
    let calls = 0;
    bus.on("a", () => void bus.close());
    bus.asEventTarget().addEventListener("a", () => calls++);
    bus.emit("a");
    assertEquals(calls, 1);
  });

  it("stops with the bus", async () => {
    const bus = createSyncBus();
    let calls = 0;
    bus.asEventTarget().addEventListener("a", () => calls++);
    bus.emit("a");
    await bus.close();
    assertEquals([calls, bus.stats().subscriptions], [1, 0]);
  });
});
