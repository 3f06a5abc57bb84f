import { describe, it } from "@std/testing/bdd";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { scheduleMacrotask } from "./macrotask.ts";

const nextMacrotask = () => new Promise<void>(scheduleMacrotask);

/** What platforms have, or have not, to call back later: the best is taken when the module is loaded. */
const WAYS = ["setImmediate", "MessageChannel", "setTimeout"] as const;

// A bundle holds the module once.
if ("process" in globalThis && !("window" in globalThis) && !isWorkerd()) {
  for (const [at, way] of WAYS.entries()) {
    it(`a macrotask by ${way} comes after all microtasks, once, in the order of the calls`, async () => {
      const ports: MessagePort[] = [];
      const schedule = await loadWithout(WAYS.slice(0, at), way, ports);
      const order: unknown[] = [];
      await new Promise<void>((resolve) => {
        for (let number = 0; number < 100; number++) schedule(() => order.push(number));
        // What is scheduled now comes after all that was.
        schedule(() => schedule(() => (order.push("again"), resolve())));
        schedule(() => order.push("last"));
        queueMicrotask(() => order.push("microtask"));
        order.push("code");
      });
      const numbers = Array.from({ length: 100 }, (_, number) => number);
      assertEquals(order, ["code", "microtask", ...numbers, "last", "again"]);
      // Ports keep a process alive.
      for (const port of ports) port.close();
    });
  }
}

/** Loads the module once more, where some of what this platform has is missing. */
async function loadWithout(
  missing: readonly string[],
  way: string,
  ports: MessagePort[],
): Promise<typeof scheduleMacrotask> {
  class ClosedLater extends MessageChannel {
    constructor() {
      super();
      ports.push(this.port1, this.port2);
    }
  }
  const scope = globalThis as Record<string, unknown>;
  const { MessageChannel: Channel, setImmediate } = scope;
  scope["MessageChannel"] = ClosedLater;
  for (const name of missing) scope[name] = undefined;
  try {
    const module = `./macrotask.ts?${way}`;
    return (await import(module)).scheduleMacrotask;
  } finally {
    Object.assign(scope, { MessageChannel: Channel, setImmediate });
  }
}

function isWorkerd(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}

describe("scheduleMacrotask()", () => {
  it("calls after the code that runs and all its microtasks, also those made by others", async () => {
    const order: string[] = [];
    const done = nextMacrotask().then(() => order.push("macrotask"));
    queueMicrotask(() => {
      order.push("microtask");
      queueMicrotask(() => order.push("microtask of a microtask"));
    });
    order.push("code");
    await done;
    assertEquals(order, ["code", "microtask", "microtask of a microtask", "macrotask"]);
  });

  it("calls every callback once, in the order of the calls", async () => {
    const order: number[] = [];
    for (let at = 0; at < 100; at++) scheduleMacrotask(() => order.push(at));
    await nextMacrotask();
    assertEquals(order, Array.from({ length: 100 }, (_, at) => at));
  });

  it("calls again what is scheduled by a callback", async () => {
    let turns = 0;
    await new Promise<void>((resolve) => {
      const again = () => ++turns === 10 ? resolve() : scheduleMacrotask(again);
      scheduleMacrotask(again);
    });
    assertEquals(turns, 10);
  });

  it("lets timers go first, however often it is used in a row", async () => {
    let fired = false;
    setTimeout(() => fired = true, 1);
    let turns = 0;
    while (!fired && turns < 1_000_000) {
      await nextMacrotask();
      turns++;
    }
    assert(fired, `no timer in ${turns} turns`);
  });

  // Elsewhere an error that nobody catches ends the test process, and no message is sent.
  if ("window" in globalThis) {
    it("forgets a callback whose message cannot be sent, and calls the others in time", async () => {
      const { postMessage } = MessagePort.prototype;
      MessagePort.prototype.postMessage = () => {
        throw new RangeError("no stack left");
      };
      const order: string[] = [];
      try {
        assertThrows(() => scheduleMacrotask(() => order.push("forgotten")), RangeError);
      } finally {
        MessagePort.prototype.postMessage = postMessage;
      }
      await new Promise<void>((resolve) => scheduleMacrotask(() => (order.push("a"), resolve())));
      assertEquals(order, ["a"]);
    });

    it("calls the next callback when one throws", async () => {
      const messages: string[] = [];
      const onError = (event: Event) => {
        event.preventDefault();
        messages.push((event as ErrorEvent).error.message);
      };
      globalThis.addEventListener("error", onError);
      scheduleMacrotask(() => {
        throw new Error("on purpose");
      });
      await nextMacrotask();
      globalThis.removeEventListener("error", onError);
      assertEquals(messages, ["on purpose"]);
    });
  }
});
