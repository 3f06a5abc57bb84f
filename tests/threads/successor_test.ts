import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { forAsync } from "../../mod.ts";
import { joinMesh } from "../../src/engines/mesh.ts";
import { WorkerEngine } from "../../src/engines/worker_engine.ts";
import type { WorkerOptions } from "../../src/engines/worker_options.ts";

/** What home tells a thread when it starts. */
interface Greeting {
  memory: SharedArrayBuffer;
  options: WorkerOptions;
}

/** A thread that runs in this one, and does nothing by itself. */
class FakeThread extends EventTarget {
  #engine: WorkerEngine | undefined;

  postMessage({ memory, options }: Greeting): void {
    this.#engine ??= new WorkerEngine(joinMesh(memory, 1), options);
  }

  terminate(): void {}

  /** Tells that its module has subscribed all. */
  serve(): void {
    this.#engine!.notes.greet();
    this.#engine!.notes.serve();
  }

  /** Says that it ends. */
  end(): void {
    this.#engine!.answer();
  }
}

describe("the successor of a thread", () => {
  it("serves when it says so itself, whatever the dead one said last", async () => {
    const threads: FakeThread[] = [];
    const { promise: hasStarted, resolve } = Promise.withResolvers<void>();
    const handlers = () => {
      const thread = new FakeThread();
      if (threads.push(thread) === 2) resolve();
      return thread;
    };
    const bus = forAsync({ handlers, threads: 1 });
    let isReady = false;
    const ready = bus.ready.then(() => isReady = true);
    // Home hears both at once.
    threads[0].serve();
    threads[0].end();
    await hasStarted;
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(isReady, false);
    threads[1].serve();
    await ready;
    const closed = bus.close({ timeout: 60_000 });
    threads[1].end();
    assertEquals(await closed, { discarded: 0, inDoubt: 0, stuck: 0 });
  });
});
