import { ClosedError, CloseTimeoutError } from "../message/errors.ts";
import type { Middleware } from "../message/handler.ts";
import type { Logger } from "../message/logger.ts";
import type { LaneLag } from "../transport/capabilities.ts";
import type { ConsumeStats } from "../transport/counters.ts";
import { Deadline } from "../transport/deadline.ts";
import type { Engine } from "../transport/engine.ts";
import { Aftermath } from "./aftermath.ts";
import { groupOf, prepareHandler } from "./prepared_handler.ts";
import { type HandlerHost, type HandlerParts, RoutedHandler } from "./routed_handler.ts";

/** What the life of a handler needs of the router around it. */
export interface LifeHooks {
  /** The logger of the user, so that it can do no harm. */
  readonly logger: Logger;
  /** Milliseconds that `stop` waits for running handlers. */
  readonly closeTimeout: number;
  /** It has ended, whoever ended it, or will never begin. */
  left(life: HandlerLife, failure?: { error: unknown }): void;
}

/**
 * A handler from when it is added, through its subscription, to its end. Another one of the same name
 * has a life of its own.
 */
export class HandlerLife implements HandlerHost {
  readonly handler: RoutedHandler;
  readonly #hooks: LifeHooks;
  readonly #started = Promise.withResolvers<void>();
  readonly #aftermath = new Aftermath();
  readonly #deadline = new Deadline();
  #engine: Engine | undefined;
  #state: "new" | "begun" | "ending" = "new";
  #stopping: Promise<void> | undefined;

  constructor(parts: HandlerParts, hooks: LifeHooks) {
    this.handler = new RoutedHandler(parts, this);
    this.#hooks = hooks;
    // Who adds a handler before `run` hears of its failure from there.
    this.#started.promise.catch(() => {});
  }

  get hasStarted(): boolean {
    return this.#state !== "new";
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  stats(): ConsumeStats | undefined {
    return this.#engine?.stats();
  }

  async lag(): Promise<readonly LaneLag[]> {
    return await this.#engine?.lag() ?? [];
  }

  /** Subscribes; resolves when that is live, or was ended before. Rejects with why it cannot be. */
  async begin(globals: readonly Middleware[]): Promise<void> {
    if (this.hasStarted) return;
    this.#state = "begun";
    const { handler } = this;
    const { logger } = this.#hooks;
    try {
      this.#engine = prepareHandler(handler, globals, logger, this.#aftermath.add);
      await this.#engine.open();
    } catch (error) {
      this.#started.reject(error);
      if (this.#isEnding) return;
      throw error;
    }
    const { name, topic } = handler;
    logger.info("handler started", { handler: name, topic, group: groupOf(handler) });
    this.#started.resolve();
    const ended = this.#engine.closed.finally(() => {
      this.#deadline.set(this.#hooks.closeTimeout);
      return this.#aftermath.end(this.#deadline);
    });
    ended.then(
      () => this.#hooks.left(this),
      (error) => this.#hooks.left(this, { error }),
    );
  }

  /** Ends it, however far it has come. A later call can only bring the deadline forward. */
  async close(timeout: number): Promise<void> {
    if (!this.hasStarted) {
      const { name, topic } = this.handler;
      this.#started.reject(new ClosedError(`subscribe to '${topic}'`, `handler '${name}'`));
    }
    this.#state = "ending";
    if (this.#engine === undefined) return;
    this.#deadline.set(timeout);
    try {
      await this.#engine.close({ timeout });
    } catch (error) {
      await this.#aftermath.end(this.#deadline);
      throw error;
    }
    const remaining = await this.#aftermath.end(this.#deadline);
    if (remaining > 0) {
      throw new CloseTimeoutError(
        `handler '${this.handler.name}'`,
        this.#deadline.timeout,
        remaining,
      );
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  get #isEnding(): boolean {
    return this.#state === "ending";
  }

  async #stop(): Promise<void> {
    try {
      await this.close(this.#hooks.closeTimeout);
    } finally {
      this.#hooks.left(this);
    }
  }
}
