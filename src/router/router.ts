import type { CloseOptions, Publisher, Subscriber } from "../message/contracts.ts";
import { ClosedError } from "../message/errors.ts";
import type { BatchHandler, Handler, Middleware } from "../message/handler.ts";
import { check, checkOptions, DURATION, FUNCTION, OBJECT, SIGNAL } from "../options/options.ts";
import type { Consumption } from "../transport/consumption.ts";
import { DuplicateHandlerError } from "./errors.ts";
import type { Plugin } from "./plugin.ts";
import { type HandlerHost, type HandlerParts, RoutedHandler } from "./routed_handler.ts";
import { checkParts, checkRouterOptions, type RouterOptions } from "./router_options.ts";
import { startHandler } from "./started_handler.ts";

/** What `run` takes. */
export interface RunOptions {
  /** Closes the router. @default {none} */
  signal?: AbortSignal;
}

/** A handler on its way. */
interface Entry {
  readonly handler: RoutedHandler;
  readonly started: PromiseWithResolvers<void>;
  consumption?: Consumption;
  /** Set when it begins to subscribe. */
  begun: boolean;
  stopping?: Promise<void>;
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
  readonly #options: Required<RouterOptions>;
  readonly #entries = new Map<string, Entry>();
  readonly #middleware: Middleware[] = [];
  readonly #plugins: Plugin[] = [];
  readonly #running = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #host: HandlerHost;
  readonly #begunPlugins: Plugin[] = [];
  #state: State = "new";
  #closing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /**
   * Creates a router without handlers.
   *
   * @throws {TypeError | RangeError} Naming the option, its value and its rule.
   */
  constructor(options: RouterOptions = {}) {
    this.#options = checkRouterOptions(options);
    this.#host = {
      hasStarted: ({ name }) => this.#entries.get(name)?.begun ?? true,
      stop: (handler) => this.#stop(handler),
      stats: ({ name }) => this.#entries.get(name)?.consumption?.stats(),
      started: (handler) => this.#entries.get(handler.name)?.started.promise ?? Promise.resolve(),
    };
    // Nobody need ask how it ended.
    this.#running.promise.catch(() => {});
  }

  /** Resolves when all handlers are subscribed; rejects if `run` failed before. */
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
    return [...this.#entries.values()].map(({ handler }) => handler);
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
    this.#plugins.push(...plugins);
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
   * @throws {Error} If it ran before, or what a plugin or a lost connection throws.
   */
  async run(options: RunOptions = {}): Promise<void> {
    checkOptions("run a router", options, { signal: SIGNAL });
    const { signal } = options;
    if (this.#state !== "new") {
      throw new Error("Cannot run a router as it ran before or was closed");
    }
    signal?.throwIfAborted();
    this.#state = "starting";
    const abort = () => void this.close().catch(() => {});
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await this.#start();
      await this.#ended();
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /**
   * Stops fetching, gives back what was not begun, waits for running handlers, flushes acks and ends the
   * plugins. Every call gets the same promise.
   *
   * @throws {CloseTimeoutError} If handlers still run at the deadline; it is closed all the same.
   */
  close(options: CloseOptions = {}): Promise<void> {
    checkOptions("close a router", options, { timeout: DURATION });
    if (this.#closing === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#closing = promise;
      // `run` tells of it too, and may be all that is listened to.
      promise.catch(() => {});
      this.#close(options.timeout ?? this.#options.closeTimeout).then(resolve, reject);
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
    if (this.#entries.has(name)) throw new DuplicateHandlerError(name);
    if (this.#closing !== undefined) throw new ClosedError(`add handler '${name}'`, "router");
    const handler = new RoutedHandler(parts, this.#host);
    const started = Promise.withResolvers<void>();
    // Who adds a handler before `run` hears of its failure from there.
    started.promise.catch(() => {});
    const entry: Entry = { handler, started, begun: false };
    this.#entries.set(name, entry);
    // After the calls that are chained to this one have made it what it is to be.
    if (this.#state === "running") queueMicrotask(() => this.#beginLate(entry));
    return handler;
  }

  async #start(): Promise<void> {
    try {
      for (const plugin of this.#plugins) {
        await plugin.onStart?.(this);
        this.#begunPlugins.push(plugin);
      }
      for (const entry of this.#entries.values()) {
        if (this.#closing !== undefined) break;
        await this.#begin(entry);
      }
    } catch (error) {
      this.#running.reject(error);
      await this.close({ timeout: 0 }).catch(() => {});
      throw error;
    }
    if (this.#closing === undefined) this.#state = "running";
    this.#running.resolve();
    // What was added while others were being subscribed.
    for (const entry of this.#entries.values()) this.#beginLate(entry);
  }

  async #begin(entry: Entry): Promise<void> {
    entry.begun = true;
    const { handler, started } = entry;
    try {
      const consumption = await startHandler(handler, this.#middleware, this.#options.logger);
      entry.consumption = consumption;
      consumption.closed.then(() => this.#leave(entry), (error) => this.#leave(entry, { error }));
      started.resolve();
      if (this.#closing !== undefined) await consumption.close({ timeout: 0 });
    } catch (error) {
      started.reject(error);
      throw error;
    }
  }

  /** Subscribes a handler that was added to a running router; who added it hears by `started`. */
  #beginLate(entry: Entry): void {
    if (entry.begun || this.#closing !== undefined) return;
    const { name } = entry.handler;
    this.#begin(entry).catch((error) => {
      this.#options.logger.error("handler could not be started", { handler: name, error });
      this.#leave(entry);
    });
  }

  /** A subscription has ended, whoever ended it: its name is free, and the last one ends the router. */
  #leave(entry: Entry, failure?: { error: unknown }): void {
    const { name } = entry.handler;
    if (this.#entries.get(name) !== entry) return;
    this.#entries.delete(name);
    const { logger } = this.#options;
    if (failure === undefined) logger.info("handler stopped", { handler: name });
    else {
      this.#failure ??= failure;
      logger.error("handler lost its connection for good", { handler: name, error: failure.error });
    }
    if (this.#entries.size === 0) this.close().catch(() => {});
  }

  async #stop(handler: RoutedHandler): Promise<void> {
    const entry = this.#entries.get(handler.name);
    if (entry?.handler !== handler) return;
    entry.stopping ??= this.#stopEntry(entry);
    await entry.stopping;
  }

  async #stopEntry(entry: Entry): Promise<void> {
    if (entry.begun) await entry.started.promise.catch(() => {});
    else entry.begun = true;
    try {
      await entry.consumption?.close({ timeout: this.#options.closeTimeout });
    } finally {
      this.#leave(entry);
    }
  }

  async #close(timeout: number): Promise<void> {
    const wasStarting = this.#state === "starting";
    this.#state = "closing";
    const consumptions = [...this.#entries.values()].map((entry) => entry.consumption);
    const results = await Promise.allSettled(consumptions.map((one) => one?.close({ timeout })));
    if (wasStarting) await this.#running.promise.catch(() => {});
    const errors = results.flatMap((one) => one.status === "rejected" ? [one.reason] : []);
    for (const plugin of this.#begunPlugins.reverse()) {
      try {
        await plugin.onStop?.(this);
      } catch (error) {
        errors.push(error);
      }
    }
    this.#entries.clear();
    this.#state = "closed";
    this.#closed.resolve();
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, "Closing the router failed");
  }

  async #ended(): Promise<void> {
    await this.#closed.promise;
    await this.#closing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
