import { MAX_DELAY } from "../core/lifecycle.ts";
import { startThread, type ThreadSource } from "../runtime/threads.ts";
import { within } from "../runtime/within.ts";
import { NODE_ANSWER, NODE_STOP } from "../ring/layout.ts";
import type { Driver, Thread } from "../runtime/thread.ts";
import type { Mesh } from "./mesh.ts";

/** What a supervisor is told to do. */
export interface SupervisorOptions {
  handlers: ThreadSource;
  driver?: Driver | undefined;
  maxRestarts: number;
  stopTimeout: number;
}

/** What a supervisor tells. */
export interface SupervisorEvents {
  /** What a thread needs to know when it starts. */
  greeting(node: number, generation: number, thread: Thread): unknown;
  /** Whether a thread may be greeted before it says that it listens. */
  readonly greetsEarly: boolean;
  /** A thread has sent something else than that. */
  onMessage(node: number, data: unknown): void;
  /**
   * A thread is certainly gone, of `cause` as far as the runtime tells; gives what it died of, if
   * anything is known.
   */
  onGone(node: number, cause: unknown): unknown;
  /** A thread will not be started again. */
  onFailed(node: number, cause: unknown): void;
  /** A thread does not stop, and cannot be made to. */
  onStuck(node: number): void;
}

/** One thread, over all the times that it is started. */
interface Supervised {
  node: number;
  thread: Thread | undefined;
  /** Counts its starts; a stop and its answer name it. */
  generation: number;
  /** Deaths in a row before it served. */
  failures: number;
  state: "running" | "stopping" | "gone" | "stuck" | "failed";
  cause: unknown;
  /** Resolved when it is gone or stuck. */
  ended: PromiseWithResolvers<true>;
}

/** Starts threads, starts them again when they die, and stops them: by asking, then by force. */
export class Supervisor {
  readonly #mesh: Mesh;
  readonly #options: SupervisorOptions;
  readonly #events: SupervisorEvents;
  readonly #threads: Supervised[] = [];
  #isClosing = false;

  constructor(mesh: Mesh, options: SupervisorOptions, events: SupervisorEvents) {
    this.#mesh = mesh;
    this.#options = options;
    this.#events = events;
    for (let node = 1; node <= mesh.layout.threads; node++) {
      this.#threads.push({
        node,
        thread: undefined,
        generation: 0,
        failures: 0,
        state: "gone",
        cause: undefined,
        ended: Promise.withResolvers(),
      });
    }
  }

  /**
   * Starts all threads.
   *
   * @throws What the first start throws.
   */
  start(): void {
    for (const one of this.#threads) this.#start(one);
  }

  /**
   * Notes that a thread has come to serve after a start of it, so that its death is no failure to
   * start; says whether that is the thread that runs now.
   */
  serve(node: number, generation: number): boolean {
    const one = this.#threads[node - 1];
    // Its own death is no failure; those that died after it may not have served.
    one.failures = one.generation - generation - 1;
    return one.generation === generation && one.state === "running";
  }

  /** Notes what went wrong in a thread, better than its event can tell it. */
  blame(node: number, cause: unknown): void {
    this.#threads[node - 1].cause = cause;
  }

  /** Looks for threads that have said in the memory that they end, as not every runtime tells. */
  check(): void {
    const { cells, layout } = this.#mesh;
    for (const one of this.#threads) {
      if (one.state !== "running" && one.state !== "stopping") continue;
      if (cells.load(layout.node(one.node) + NODE_ANSWER) !== one.generation) continue;
      const { thread } = one;
      this.#end(one);
      // It has answered; this frees what the runtime still has of it.
      void thread!.terminate();
    }
  }

  /** Replaces a thread: asks it to stop, then stops it. */
  async replace(node: number): Promise<void> {
    const one = this.#threads[node - 1];
    if (one.state === "running") await this.#stop(one, this.#options.stopTimeout);
  }

  /** Stops all threads and starts none again. */
  async close(timeout: number): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#threads.map((one) => this.#stop(one, timeout)));
  }

  async #stop(one: Supervised, timeout: number): Promise<void> {
    if (one.state !== "running" && one.state !== "stopping") return;
    const { cells, layout } = this.#mesh;
    const { generation, ended, thread } = one;
    one.state = "stopping";
    cells.store(layout.node(one.node) + NODE_STOP, generation);
    this.#mesh.wake(one.node);
    if (await within(Math.min(timeout, MAX_DELAY), ended.promise)) return;
    const isGone = await thread!.terminate();
    this.check();
    if (one.generation !== generation || one.state !== "stopping") return;
    if (isGone) this.#end(one);
    else this.#leave(one);
  }

  #start(one: Supervised): void {
    const generation = ++one.generation;
    one.ended = Promise.withResolvers();
    one.cause = undefined;
    one.state = "running";
    const isCurrent = () => one.generation === generation;
    const greet = () => {
      const { thread } = one;
      if (thread) thread.send(this.#events.greeting(one.node, generation, thread));
    };
    try {
      one.thread = startThread(this.#options.handlers, {
        onMessage: (data) => {
          if (!isCurrent()) return;
          // Some runtimes lose what comes before the thread listens.
          if (data === "beat") greet();
          else this.#events.onMessage(one.node, data);
        },
        onError: (error) => {
          if (isCurrent()) one.cause ??= error;
        },
        onEnd: () => {
          if (isCurrent()) this.#end(one);
        },
      }, this.#options.driver);
      one.thread.unref();
      if (this.#events.greetsEarly) greet();
    } catch (error) {
      if (one.node === 1 && generation === 1) throw error;
      one.cause = error;
      queueMicrotask(() => isCurrent() && this.#end(one));
    }
  }

  #end(one: Supervised): void {
    if (one.state !== "running" && one.state !== "stopping") return;
    one.state = "gone";
    // First: who waits for the end goes on, even if what is told of it fails.
    one.ended.resolve(true);
    one.cause = this.#events.onGone(one.node, one.cause);
    if (this.#isClosing) return;
    if (++one.failures > this.#options.maxRestarts) {
      one.state = "failed";
      this.#events.onFailed(one.node, one.cause);
    } else this.#start(one);
  }

  #leave(one: Supervised): void {
    one.state = "stuck";
    one.ended.resolve(true);
    this.#events.onStuck(one.node);
  }
}
