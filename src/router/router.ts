import type { CloseOptions, Publisher, Subscriber } from "../message/contracts.ts";
import { ClosedError } from "../message/errors.ts";
import type { BatchHandler, Handler, Middleware } from "../message/handler.ts";
import { guardLogger } from "../message/logger.ts";
import { check, checkOptions, DURATION, FUNCTION, OBJECT, SIGNAL } from "../options/options.ts";
import { Deadline } from "../transport/deadline.ts";
import { DuplicateHandlerError } from "./errors.ts";
import { HandlerLife, type LifeHooks } from "./handler_life.ts";
import type { Plugin } from "./plugin.ts";
import { Plugins } from "./plugins.ts";
import type { HandlerParts, RoutedHandler } from "./routed_handler.ts";
import { checkParts, checkRouterOptions, type RouterOptions } from "./router_options.ts";

/** What `run` takes. */
export interface RunOptions {
  /** Closes the router. @default {none} */
  signal?: AbortSignal;
}

type State = "new" | "starting" | "running" | "closing" | "closed";

/**
 * Takes messages from topics to handlers, and what they produce to other topics.
 *
 * What a handler returns from is acked, what it throws for is tried again, given to the dead letters or
 * redelivered. A router runs once.
 *
 * @example A handler with retries and dead letters
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { Router } from "@beat/beat/router";
 * import { publisher, subscriber } from "@beat/beat/transport";
 *
 * const broker = new MemoryBroker();
 * const out = publisher(broker);
 * const router = new Router();
 * const paid = Promise.withResolvers<string>();
 *
 * router.on("invoice", "orders.paid", subscriber(broker), (message) => paid.resolve(message.text()))
 *   .retry(3)
 *   .dlq({ topic: "orders.dead", publisher: out });
 *
 * const done = router.run();
 * await router.running;
 * await out.publish("orders.paid", new Message("order 7"));
 * console.log(await paid.promise);
 * await router.close();
 * await done;
 * ```
 */
export class Router implements AsyncDisposable {
  readonly #lives = new Map<string, HandlerLife>();
  readonly #hooks: LifeHooks;
  readonly #middleware: Middleware[] = [];
  readonly #plugins: Plugins = new Plugins(this);
  readonly #running = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #deadline = new Deadline();
  #state: State = "new";
  #closing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /**
   * Creates a router without handlers.
   *
   * @throws {TypeError | RangeError} Naming the option, its value and its rule.
   */
  constructor(options: RouterOptions = {}) {
    const { logger, closeTimeout } = checkRouterOptions(options);
    this.#hooks = {
      logger: guardLogger(logger),
      closeTimeout,
      left: (life, failure) => this.#leave(life, failure),
    };
    // Nobody need ask how it began.
    this.#running.promise.catch(() => {});
  }

  /** Resolves when all handlers are subscribed; rejects if `run` failed or the router was closed before. */
  get running(): Promise<void> {
    return this.#running.promise;
  }

  /** Resolves when everything has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether handlers are subscribed and not yet closed. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** The handlers that have not been stopped, in the order of adding. */
  handlers(): readonly RoutedHandler[] {
    return [...this.#lives.values()].map(({ handler }) => handler);
  }

  /** Wraps all handlers that start from now on; the first added is the outermost. */
  use(...middleware: Middleware[]): this {
    for (const one of middleware) check("use a middleware", "middleware", one, FUNCTION);
    this.#middleware.push(...middleware);
    return this;
  }

  /** Adds what begins and ends with the router. */
  plugin(...plugins: Plugin[]): this {
    for (const one of plugins) check("add a plugin", "plugin", one, OBJECT);
    if (this.#state !== "new") throw new TypeError("Cannot add a plugin as the router has started");
    this.#plugins.add(plugins);
    return this;
  }

  /** Handles each message of a topic. */
  on(name: string, topic: string, subscriber: Subscriber, handle: Handler): RoutedHandler {
    return this.#add({
      name,
      topic,
      subscriber,
      outTopic: undefined,
      publisher: undefined,
      handle,
      isBatch: false,
    });
  }

  /** Handles each message of a topic, and publishes what the handler returns to another one. */
  handle(
    name: string,
    topic: string,
    subscriber: Subscriber,
    outTopic: string | undefined,
    publisher: Publisher,
    handle: Handler,
  ): RoutedHandler {
    return this.#add({ name, topic, subscriber, outTopic, publisher, handle, isBatch: false });
  }

  /** Handles the messages of a topic in batches. */
  onBatch(
    name: string,
    topic: string,
    subscriber: Subscriber,
    handle: BatchHandler,
  ): RoutedHandler {
    return this.#add({
      name,
      topic,
      subscriber,
      outTopic: undefined,
      publisher: undefined,
      handle,
      isBatch: true,
    });
  }

  /** Handles the messages of a topic in batches, and publishes what the handler returns. */
  handleBatch(
    name: string,
    topic: string,
    subscriber: Subscriber,
    outTopic: string | undefined,
    publisher: Publisher,
    handle: BatchHandler,
  ): RoutedHandler {
    return this.#add({ name, topic, subscriber, outTopic, publisher, handle, isBatch: true });
  }

  /**
   * Subscribes all handlers, and resolves when the router was closed or all subscriptions have ended.
   *
   * @throws {TypeError | RangeError} If a handler cannot be subscribed as it is made; what was started is undone.
   * @throws {CloseTimeoutError} If handlers still ran at the deadline of closing.
   * @throws {Error} If it ran before, or what a plugin or a lost connection throws, or the reason of a
   * signal that had aborted before: the router is closed then.
   */
  async run(options: RunOptions = {}): Promise<void> {
    checkOptions("run a router", options, { signal: SIGNAL });
    const { signal } = options;
    if (this.#state !== "new") {
      throw new Error("Cannot run a router as it ran before or was closed");
    }
    if (signal?.aborted) {
      this.#running.reject(signal.reason);
      await this.close();
      throw signal.reason;
    }
    this.#state = "starting";
    const abort = () => void this.close().catch(() => {});
    signal?.addEventListener("abort", abort, { once: true });
    this.#start();
    try {
      await this.#ended();
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Stops fetching, gives back what was not begun, waits for running handlers, flushes acks and ends the
   * plugins; what is still starting is given up. Every call gets the same promise; a later `timeout` can
   * only bring the deadline forward. To await it within a handler is to wait for oneself, until the
   * deadline.
   *
   * @throws {TypeError | RangeError} If `timeout` is no time; nothing is closed.
   * @throws {CloseTimeoutError} If handlers still run at the deadline; it is closed all the same.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkOptions("close a router", options, { timeout: DURATION });
    } catch (error) {
      return Promise.reject(error);
    }
    const { timeout } = options;
    if (this.#closing === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      // `run` tells of it too, and may be all that is listened to.
      promise.catch(() => {});
      this.#close(timeout ?? this.#hooks.closeTimeout).then(resolve, reject);
    } else if (timeout !== undefined) {
      this.#deadline.set(timeout);
      for (const life of this.#lives.values()) life.close(timeout).catch(() => {});
    }
    return this.#closing;
  }

  /** The same as {@linkcode Router.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #add(parts: HandlerParts): RoutedHandler {
    checkParts(parts);
    const { name } = parts;
    if (this.#lives.has(name)) throw new DuplicateHandlerError(name);
    if (this.#closing !== undefined) throw new ClosedError(`add handler '${name}'`, "router");
    const life = new HandlerLife(parts, this.#hooks);
    this.#lives.set(name, life);
    // After the calls that are chained to this one have made it what it is to be.
    if (this.#state === "running") queueMicrotask(() => this.#beginLate(life));
    return life.handler;
  }

  /** Never rejects: `run` tells of a failure when what was started is undone. */
  async #start(): Promise<void> {
    try {
      await this.#plugins.start();
      // One that was ended meanwhile does not begin.
      for (const life of this.#lives.values()) await life.begin(this.#middleware);
    } catch (error) {
      this.#failure ??= { error };
      this.#running.reject(error);
      if (this.#closing === undefined) this.close({ timeout: 0 }).catch(() => {});
    }
    if (this.#closing !== undefined) return;
    this.#state = "running";
    this.#running.resolve();
    // What was added while others were being subscribed.
    for (const life of this.#lives.values()) this.#beginLate(life);
  }

  /** Subscribes a handler that was added to a running router; who added it hears by `started`. */
  #beginLate(life: HandlerLife): void {
    life.begin(this.#middleware).catch((error) => {
      const { name } = life.handler;
      this.#hooks.logger.error("handler could not be started", { handler: name, error });
      this.#leave(life);
    });
  }

  /** A handler has ended: its name is free, and the last one ends the router. */
  #leave(life: HandlerLife, failure?: { error: unknown }): void {
    const { name } = life.handler;
    if (this.#lives.get(name) !== life) return;
    this.#lives.delete(name);
    const { logger } = this.#hooks;
    if (failure === undefined) logger.info("handler stopped", { handler: name });
    else {
      this.#failure ??= failure;
      logger.error("handler lost its connection for good", { handler: name, error: failure.error });
    }
    if (this.#lives.size === 0 && this.#state !== "new") this.close().catch(() => {});
  }

  async #close(timeout: number): Promise<void> {
    this.#state = "closing";
    this.#deadline.set(timeout);
    this.#running.reject(new ClosedError("subscribe all handlers", "router"));
    const lives = [...this.#lives.values()];
    const results = await Promise.allSettled(lives.map((life) => life.close(timeout)));
    const errors = results.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    errors.push(...await this.#plugins.stop(this.#deadline));
    this.#deadline.end();
    this.#lives.clear();
    this.#state = "closed";
    this.#closed.resolve();
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, "Closing the router failed");
  }

  async #ended(): Promise<void> {
    await this.#closed.promise;
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#closing;
  }
}
