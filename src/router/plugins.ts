import type { Deadline } from "../transport/deadline.ts";
import type { Plugin, RouterFace } from "./plugin.ts";

/** The plugins of a router: begins them one after the other, and ends those that have begun. */
export class Plugins {
  readonly #face: RouterFace;
  readonly #plugins: Plugin[] = [];
  readonly #begun: Plugin[] = [];
  #started: Promise<void> = Promise.resolve();
  /** Hooks that run: one, and those that were left behind. */
  #hooks = 0;
  /** Whether nothing more begins. */
  #isEnding = false;
  /** Whether what has begun too late must be stopped by who began it. */
  #isOver = false;

  constructor(router: RouterFace) {
    const isInHook = () => this.#hooks > 0;
    this.#face = {
      get isRunning() {
        return router.isRunning;
      },
      get closed() {
        return router.closed;
      },
      handlers: () => router.handlers(),
      async close(options) {
        const closed = router.close(options);
        // The end waits for the hook: who waits for it in there would wait for himself.
        if (!isInHook()) await closed;
      },
    };
  }

  add(plugins: readonly Plugin[]): void {
    this.#plugins.push(...plugins);
  }

  /** Rejects with what a plugin throws; those that have begun go on until they are stopped. */
  start(): Promise<void> {
    return this.#started = this.#start();
  }

  /** Stops those that have begun, the last first; resolves with what went wrong. */
  async stop(deadline: Deadline): Promise<unknown[]> {
    this.#isEnding = true;
    await deadline.nearlyHolds(this.#started);
    this.#isOver = true;
    const errors: unknown[] = [];
    for (const plugin of this.#begun.reverse()) {
      const stopped = this.#stop(plugin).catch((error) => void errors.push(error));
      if (await deadline.nearlyHolds(stopped)) continue;
      errors.push(new Error("Cannot stop a plugin in time as its 'onStop' has not ended"));
    }
    return errors;
  }

  async #start(): Promise<void> {
    for (const plugin of this.#plugins) {
      if (this.#isEnding) return;
      await this.#call(() => plugin.onStart?.(this.#face));
      if (this.#isOver) await this.#stop(plugin);
      else this.#begun.push(plugin);
    }
  }

  #stop(plugin: Plugin): Promise<void> {
    return this.#call(() => plugin.onStop?.(this.#face));
  }

  async #call(hook: () => void | Promise<void>): Promise<void> {
    this.#hooks++;
    try {
      await hook();
    } finally {
      this.#hooks--;
    }
  }
}
