import { describe, it } from "@std/testing/bdd";
import { assert, assertEquals, assertObjectMatch, assertStrictEquals } from "@std/assert";
import type { ProbeThread, StartThread } from "./_probe_thread.ts";
import { canStartThread, capabilities, probe } from "./capabilities.ts";

/** Milliseconds that a step may take where it is meant to take too long. */
const SHORT = 30;

const NO_THREADS = { threads: "none", sharedMemory: false, asyncWait: false } as const;

type Message = SharedArrayBuffer | string;

/** What a fake thread does, in the thread that asks: nothing unless given. */
interface Behaviour {
  onMemory?: (cell: Int32Array) => void;
  onText?: (answer: () => void, fail: (reason: unknown) => void) => void;
  stop?: () => Promise<unknown>;
}

function fakeDriver({ onMemory, onText, stop }: Behaviour) {
  const calls: string[] = [];
  const start: StartThread = () => {
    calls.push("start");
    const { promise: answered, resolve, reject } = Promise.withResolvers<true>();
    return {
      answered,
      send(message: Message) {
        if (typeof message === "string") onText?.(() => resolve(true), reject);
        else onMemory?.(new Int32Array(message));
      },
      stop() {
        calls.push("stop");
        return stop?.() ?? Promise.resolve();
      },
    } satisfies ProbeThread;
  };
  return { start, calls };
}

const answers: Behaviour["onText"] = (answer) => answer();

function storeAndNotify(cell: Int32Array): void {
  Atomics.store(cell, 0, 1);
  Atomics.notify(cell, 0);
}

/** What `probe` says of threads where the only driver behaves like this. */
async function probeFake(behaviour: Behaviour) {
  const { start, calls } = fakeDriver(behaviour);
  const { threads, sharedMemory, asyncWait } = await probe([["web-worker", start]], SHORT);
  return { found: { threads, sharedMemory, asyncWait }, calls };
}

describe("capabilities()", () => {
  it("gives every caller the same frozen answer", async () => {
    const [first, second] = [capabilities(), capabilities()];
    assertStrictEquals(first, second);
    const found = await first;
    assertStrictEquals(await capabilities(), found);
    assert(Object.isFrozen(found));
  });

  it("tells a runtime, a number of processors and nothing that contradicts itself", async () => {
    const found = await capabilities();
    assert(found.runtime !== "unknown");
    assert(Number.isInteger(found.hardwareConcurrency) && found.hardwareConcurrency >= 1);
    assert(found.threads !== "none" || !found.sharedMemory, "memory is shared with nobody");
    assert(found.sharedMemory || !found.asyncWait, "nobody can notify without shared memory");
  });

  it("finds the same again, and leaves nothing behind each time", async () => {
    assertEquals(await probe(), await capabilities());
  });
});

describe("canStartThread()", () => {
  it("says at once what the probe finds", async () => {
    assertEquals(canStartThread(), (await capabilities()).threads !== "none");
  });
});

describe("probe()", () => {
  it("stops a thread that answers", async () => {
    const { calls } = await probeFake({ onText: answers });
    assertEquals(calls, ["start", "stop"]);
  });

  it("finds no threads where one can be started but never answers, and stops it", async () => {
    const { found, calls } = await probeFake({});
    assertEquals(found, NO_THREADS);
    assertEquals(calls, ["start", "stop"]);
  });

  it("finds no threads where one fails, and stops it", async () => {
    const { found, calls } = await probeFake({
      onText: (_, fail) => fail(new Error("forbidden here")),
    });
    assertEquals(found, NO_THREADS);
    assertEquals(calls, ["start", "stop"]);
  });

  it("finds no threads where there is nothing to start them with", async () => {
    assertObjectMatch(await probe([]), NO_THREADS);
  });

  it("takes the next driver where the first one throws, and only then", async () => {
    const refuse: StartThread = () => {
      throw new Error("not implemented");
    };
    const { start, calls } = fakeDriver({ onText: answers });
    const late = await probe([["web-worker", refuse], ["worker_threads", start]], SHORT);
    assertEquals(late.threads, "worker_threads");
    const early = await probe([["web-worker", start], ["worker_threads", refuse]], SHORT);
    assertEquals(early.threads, "web-worker");
    assertEquals(calls, ["start", "stop", "start", "stop"]);
  });

  it("finds threads without shared memory where the memory is lost or refused", async () => {
    const expected = { threads: "web-worker", sharedMemory: false, asyncWait: false } as const;
    assertEquals((await probeFake({ onText: answers })).found, expected);
    const onMemory = () => {
      throw new Error("cannot be cloned");
    };
    assertEquals((await probeFake({ onMemory, onText: answers })).found, expected);
  });

  it("finds no asynchronous wait where nobody is woken", async () => {
    const { found } = await probeFake({
      onMemory: (cell) => void Atomics.store(cell, 0, 1),
      onText: answers,
    });
    assertEquals(found, { threads: "web-worker", sharedMemory: true, asyncWait: false });
  });

  // In workerd, which has no threads, a request that awaits a woken wait is lost.
  if (navigator.userAgent !== "Cloudflare-Workers") {
    it("finds an asynchronous wait where a notify wakes it", async () => {
      const { found } = await probeFake({ onMemory: storeAndNotify, onText: answers });
      assertEquals(found, { threads: "web-worker", sharedMemory: true, asyncWait: true });
    });
  }

  it("does not mind a thread that cannot be stopped", async () => {
    const behaviours: Behaviour[] = [
      { onText: answers, stop: () => Promise.reject(new Error("gone")) },
      { onText: answers, stop: () => new Promise(() => {}) },
      {
        onText: answers,
        stop: () => {
          throw new Error("not now");
        },
      },
    ];
    for (const behaviour of behaviours) {
      assertEquals((await probeFake(behaviour)).found.threads, "web-worker");
    }
  });

  it("says what is missing where names are missing", async () => {
    await without(["SharedArrayBuffer", "navigator"], async () => {
      const { start } = fakeDriver({ onText: answers });
      assertEquals(await probe([["web-worker", start]], SHORT), {
        runtime: "unknown",
        threads: "web-worker",
        sharedMemory: false,
        asyncWait: false,
        blockingWait: false,
        pause: "pause" in Atomics,
        hardwareConcurrency: 1,
      });
    });
  });
});

/** Runs `action` in a world that lacks some global names. */
async function without(names: string[], action: () => Promise<void>): Promise<void> {
  const taken = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!]);
  for (const name of names) {
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
  }
  try {
    await action();
  } finally {
    for (const [name, descriptor] of taken as [string, PropertyDescriptor][]) {
      Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
