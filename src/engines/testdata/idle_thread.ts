import { HOME, joinMesh, type Mesh } from "../mesh.ts";
import { createThreadBus } from "../threads.ts";
import { WorkerEngine } from "../worker_engine.ts";
import { readFrames } from "./engine_of_thread.ts";
import { turn } from "./waits.ts";
import type { AsyncBus } from "../../core/contracts.ts";
import type { OpenEventMap } from "../../core/event.ts";
import type { ThreadOptions } from "../thread_options.ts";
import type { WorkerOptions } from "../worker_options.ts";

/** How home greets a thread. */
interface Greeting {
  memory: SharedArrayBuffer;
  node: number;
  options: WorkerOptions;
}

/** A thread that runs in this one, and reads nothing by itself. */
export class IdleThread extends EventTarget {
  engine!: WorkerEngine;
  mesh!: Mesh;

  postMessage({ memory, node, options }: Greeting): void {
    if (this.engine !== undefined) return;
    this.mesh = joinMesh(memory, node);
    this.engine = new WorkerEngine(this.mesh, options);
  }

  /** Reads what has come from home: types of events, and notes. */
  readonly read = (): unknown[] => readFrames(this.mesh, HOME);

  /** Begins the next event, and is still at it. */
  readonly begin = (): void => {
    const reader = this.mesh.readers[HOME]!;
    const word = reader.peek();
    reader.take(word);
    reader.start(word);
  };

  terminate(): void {}
}

/** Runs a test with a bus and its one thread, which wants `written`, and each `told`. */
export async function withIdleThread(
  test: (bus: AsyncBus<OpenEventMap>, thread: IdleThread) => Promise<void>,
  options: Partial<ThreadOptions> = {},
): Promise<void> {
  const thread = new IdleThread();
  const bus = createThreadBus({ handlers: () => thread, threads: 1, ...options });
  const { engine } = thread;
  engine.notes.greet();
  engine.core.on("written", () => {});
  engine.core.on("told", () => {}, { each: true });
  engine.notes.serve();
  await bus.ready;
  thread.read();
  try {
    await test(bus, thread);
  } finally {
    const closed = bus.close({ timeout: 60_000 });
    engine.answer();
    await closed;
    await turn();
  }
}
