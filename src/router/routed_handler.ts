import type {
  OrderOptions,
  Publisher,
  ReconnectOptions,
  StartPosition,
  Subscriber,
} from "../message/contracts.ts";
import type { BatchHandler, Handler, Middleware } from "../message/handler.ts";
import type { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import { check, checkOptions, FUNCTION, integer, OBJECT, type Rule } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import type { BatchOptions } from "../transport/collector.ts";
import type { LagReporter, LaneLag } from "../transport/capabilities.ts";
import {
  BATCH_RULES,
  checkPosition,
  ON_EXHAUSTED,
  resolveOrder,
} from "../transport/consume_options.ts";
import type { ConsumeStats } from "../transport/counters.ts";
import { GROUP } from "../transport/group_rule.ts";
import { checkPauseOptions, type PauseOptions } from "../transport/kill_switch.ts";
import { transportOf } from "../transport/publisher_access.ts";
import { resolveReconnect } from "../transport/reconnect.ts";
import { resolveRetry, type RetryPolicy } from "../transport/retry_policy.ts";
import { accessOfSubscriber } from "../transport/subscriber.ts";
import type { OnExhausted } from "../transport/verdict.ts";

/** Where the messages go that a handler could not handle. */
export interface DeadLetterOptions {
  /** The topic of the dead letters. */
  topic: string;
  /** What publishes them. */
  publisher: Publisher;
}

/** What a handler is made of. */
export interface HandlerParts {
  readonly name: string;
  readonly topic: string;
  readonly subscriber: Subscriber;
  readonly outTopic: string | undefined;
  readonly publisher: Publisher | undefined;
  readonly handle: Handler | BatchHandler;
  readonly isBatch: boolean;
}

/** What was set on a handler. */
export interface HandlerSettings {
  group: string | null | undefined;
  from: StartPosition | undefined;
  workers: number;
  inFlight: number | undefined;
  ordered: OrderOptions | undefined;
  batch: BatchOptions | undefined;
  route: ((message: Message) => string | undefined) | undefined;
  retry: RetryPolicy;
  dlq: DeadLetterOptions | undefined;
  onExhausted: OnExhausted | undefined;
  pauseOn: PauseOptions | undefined;
  reconnect: ReconnectOptions | undefined;
  readonly middleware: Middleware[];
}

/** Where a handler stands, and what ends it. */
export interface HandlerHost {
  /** Whether it has begun, or never will: what it is like can no longer be changed. */
  readonly hasStarted: boolean;
  readonly started: Promise<void>;
  stop(): Promise<void>;
  stats(): ConsumeStats | undefined;
  lag(): Promise<readonly LaneLag[]>;
}

const DEFAULT_BATCH: BatchOptions = { size: 100, maxWait: 100 };

const [must, ...rest] = GROUP;
const GROUP_OR_NULL: Rule = [`${must}, or null`, ...rest];

/** A handler of a router: how it takes messages, and what happens when it fails. */
export class RoutedHandler implements LagReporter {
  readonly #parts: HandlerParts;
  readonly #settings: HandlerSettings;
  readonly #host: HandlerHost;

  /** @internal */
  constructor(parts: HandlerParts, host: HandlerHost) {
    this.#parts = parts;
    this.#host = host;
    this.#settings = {
      group: undefined,
      from: undefined,
      workers: 1,
      inFlight: undefined,
      ordered: undefined,
      batch: parts.isBatch ? DEFAULT_BATCH : undefined,
      route: undefined,
      retry: 0,
      dlq: undefined,
      onExhausted: undefined,
      pauseOn: undefined,
      reconnect: undefined,
      middleware: [],
    };
  }

  /** Its name; no other handler of the router has it. */
  get name(): string {
    return this.#parts.name;
  }

  /** The topic that it is subscribed to. */
  get topic(): string {
    return this.#parts.topic;
  }

  /** The topic that what it produces goes to, unless {@linkcode RoutedHandler.route} says otherwise. */
  get outTopic(): string | undefined {
    return this.#parts.outTopic;
  }

  /** Resolves when its subscription is live; rejects if it could not be, or was ended before. */
  get started(): Promise<void> {
    return this.#host.started;
  }

  /** @internal */
  get parts(): HandlerParts {
    return this.#parts;
  }

  /** @internal */
  get settings(): Readonly<HandlerSettings> {
    return this.#settings;
  }

  /** What it has done so far, also when it has ended; `undefined` before it started. */
  stats(): ConsumeStats | undefined {
    return this.#host.stats();
  }

  /**
   * How far it is behind the end of its topic, as far as its broker can tell: one entry per lane, none
   * while it is not subscribed.
   */
  lag(): Promise<readonly LaneLag[]> {
    return this.#host.lag();
  }

  /**
   * The consumer group; `null` makes it a reader that gets everything and leaves nothing behind.
   * Without this call the group is the name of the handler, where the transport has groups.
   */
  group(name: string | null): this {
    if (name !== null) check(this.#action, "group", name, GROUP_OR_NULL);
    return this.#set("group", name);
  }

  /** Where it begins if its group has no position. Without this call `"latest"`. */
  from(start: StartPosition): this {
    checkPosition(this.#action, start);
    return this.#set("from", start);
  }

  /** How many messages, or batches, are handled at once. Without this call 1. */
  workers(count: number): this {
    check(this.#action, "workers", count, integer(1));
    return this.#set("workers", count);
  }

  /** Messages taken and not settled at most. Without this call max(2 × workers, 2 × batch size, 16). */
  inFlight(count: number): this {
    check(this.#action, "inFlight", count, integer(1));
    return this.#set("inFlight", count);
  }

  /**
   * Keeps the order of messages with the same key: among all members of the group, or within this
   * handler only. `{ by }` takes the key out of the message.
   */
  keyed(scope: "group" | "member" | OrderOptions = "group"): this {
    const order: OrderOptions = typeof scope === "object" ? scope : { by: "key", scope };
    resolveOrder(this.#action, order);
    return this.#set("ordered", order);
  }

  /** How batches are collected. Without this call 100 messages, 100 ms. */
  batch(options: BatchOptions): this {
    if (!this.#parts.isBatch) {
      throw new TypeError(
        `Cannot ${this.#action} as 'batch' must be set on a handler of 'onBatch' or 'handleBatch'`,
      );
    }
    checkOptions(this.#action, options, BATCH_RULES);
    return this.#set("batch", { ...DEFAULT_BATCH, ...options });
  }

  /** Chooses the topic of each produced message; `undefined` or `""` leaves it to the handler's own. */
  route(choose: (message: Message) => string | undefined): this {
    check(this.#action, "route", choose, FUNCTION);
    return this.#set("route", choose);
  }

  /** How often a message that failed is tried again. Without this call never. */
  retry(policy: RetryPolicy): this {
    resolveRetry(this.#action, policy);
    return this.#set("retry", policy);
  }

  /** Where messages go whose attempts are used up. */
  dlq(options: DeadLetterOptions): this {
    checkOptions(this.#action, options, { topic: ["a string", "string"], publisher: OBJECT });
    checkTopic(this.#action, options.topic);
    if (typeof options.publisher?.publish !== "function") {
      refuse(this.#action, "publisher", "a Publisher", options.publisher);
    }
    const { topic, subscriber } = this.#parts;
    const transport = transportOf(options.publisher);
    // It would handle what it could not handle, for ever.
    if (
      options.topic === topic && transport !== undefined &&
      transport === accessOfSubscriber(subscriber)?.transport
    ) refuse(this.#action, "topic", "another than its own", topic, RangeError);
    return this.#set("dlq", options);
  }

  /**
   * What happens when the attempts are used up. Without this call `"dead-letter"` if there is a place
   * for dead letters, else `"redeliver"`.
   */
  onExhausted(fate: OnExhausted): this {
    check(this.#action, "onExhausted", fate, ON_EXHAUSTED);
    return this.#set("onExhausted", fate);
  }

  /** Wraps the handler; the first added is the outermost, inside those of the router. */
  addMiddleware(...middleware: Middleware[]): this {
    for (const one of middleware) check(this.#action, "middleware", one, FUNCTION);
    this.#refuseIfStarted("middleware");
    this.#settings.middleware.push(...middleware);
    return this;
  }

  /** The kill switch: pauses when too many messages fail. */
  pauseOn(options: PauseOptions): this {
    checkPauseOptions(this.#action, options);
    return this.#set("pauseOn", options);
  }

  /**
   * How a lost connection is made anew. Without this call without end; when `maxAttempts` are used up, the
   * handler ends, and `run` of the router rejects with the cause when the others have ended too.
   */
  reconnect(options: ReconnectOptions): this {
    resolveReconnect(this.#action, options);
    return this.#set("reconnect", options);
  }

  /**
   * Stops this handler as `close` of the router would; the others go on. Its name is free afterwards. To
   * await it within the handler is to wait for oneself, until the deadline.
   */
  stop(): Promise<void> {
    return this.#host.stop();
  }

  get #action(): string {
    return `configure handler '${this.name}'`;
  }

  #set<Name extends keyof HandlerSettings>(name: Name, value: HandlerSettings[Name]): this {
    this.#refuseIfStarted(name);
    this.#settings[name] = value;
    return this;
  }

  #refuseIfStarted(name: string): void {
    if (!this.#host.hasStarted) return;
    throw new TypeError(
      `Cannot ${this.#action} as '${name}' must be set before it starts: it has started`,
    );
  }
}
