import type { Publisher, SubscribeOptions, Subscriber } from "../message/contracts.ts";
import { ClosedError, CloseTimeoutError, PublishError } from "../message/errors.ts";
import { silent } from "../message/logger.ts";
import type { Message } from "../message/message.ts";
import { newUuid } from "../message/uuid.ts";
import { Router } from "../router/router.ts";
import type { ConsumeOptions } from "../transport/consume_options.ts";
import { consume, type Consumption } from "../transport/consumption.ts";
import type { Consumer } from "../transport/procedure.ts";
import type { Traits, Transport } from "../transport/port.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { ConformanceError, demandEqual } from "./failure.ts";
import { Hand, ROOM } from "./hand.ts";
import { Inbox, type InboxOptions } from "./inbox.ts";
import type { Produced } from "./logs.ts";
import type { Terms } from "./options.ts";
import { inTime, pause, Watch } from "./watch.ts";

/** Milliseconds between two attempts to publish. */
export const RETRY = 20;

/** What stands on a transport. The tests of the suite itself put broken ones in their place. */
export interface Faces {
  publisher(transport: Transport): Publisher;
  subscriber(transport: Transport): Subscriber;
  consume(transport: Transport, consumer: Consumer, options: ConsumeOptions): Promise<Consumption>;
  router(): Router;
}

/** What users have. */
export const FACES: Faces = {
  publisher,
  subscriber,
  consume,
  router: () => new Router({ logger: silent }),
};

/** Who subscribes, and where it begins. */
export type Start = Pick<SubscribeOptions, "group" | "from">;

/** What handlers wait for until a test lets them pass. */
export interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

/** What one test opens, and closes at its end. */
export class World {
  readonly terms: Terms;
  readonly #test: string;
  readonly #faces: Faces;
  readonly #opened: (() => Promise<unknown>)[] = [];
  readonly #gates: Gate[] = [];
  #topics = 0;

  constructor(terms: Terms, test: string, faces: Faces) {
    this.terms = terms;
    this.#test = test;
    this.#faces = faces;
  }

  get traits(): Traits {
    return this.terms.traits;
  }

  /** How many messages: fewer where it must be short. */
  count(long: number, short: number): number {
    return this.terms.short ? short : long;
  }

  /** A topic that no other test has. */
  async topic(): Promise<string> {
    const slug = this.#test.replace(/[^a-z]+/g, "-").slice(0, 40);
    const name = `conformance-${slug}-${newUuid().slice(0, 8)}-${++this.#topics}`;
    return await this.terms.topic({ test: this.#test, name });
  }

  /** A connection of its own. */
  async connect(): Promise<Transport> {
    const transport = await this.terms.connect();
    this.opened(() => transport.close());
    demandEqual(sorted(transport.traits), sorted(this.traits), "The traits of a connection");
    return transport;
  }

  /** A publisher on a connection of its own, unless one is given. */
  async publisher(transport?: Transport): Promise<Publisher> {
    const made = this.#faces.publisher(transport ?? await this.connect());
    this.opened(() => made.close({ timeout: this.terms.deadline }));
    return made;
  }

  /** A subscriber on a connection of its own, unless one is given. */
  async subscriber(transport?: Transport): Promise<Subscriber> {
    const made = this.#faces.subscriber(transport ?? await this.connect());
    this.opened(() => made.close({ timeout: this.terms.deadline }));
    return made;
  }

  /** Subscriptions that are read all the time, each on a connection of its own. */
  async inbox(topic: string, options: InboxOptions = {}): Promise<Inbox> {
    const { handle = (message) => message.ack(), members = 1, on, ...rest } = options;
    const streams = await Promise.all(Array.from({ length: members }, async () => {
      const subscribing = (on ?? await this.subscriber()).subscribe(topic, rest);
      return await this.within(subscribing, `Subscribing to '${topic}'`);
    }));
    return new Inbox(streams, this.watch(), handle);
  }

  /** A consumption by the engine on a connection of its own, unless one is given. */
  async consume(
    consumer: Consumer,
    options: ConsumeOptions,
    transport?: Transport,
  ): Promise<Consumption> {
    const on = transport ?? await this.connect();
    const began = this.#faces.consume(on, consumer, options);
    const made = await this.within(began, `Consuming '${options.topic}'`);
    this.opened(async () => {
      try {
        await made.close({ timeout: this.terms.deadline });
      } catch (error) {
        // It ended all the same; a test that gave it too little time knows.
        if (!(error instanceof CloseTimeoutError)) throw error;
      }
    });
    return made;
  }

  /** A source that is worked by hand, on a connection of its own unless one is given. */
  async hand(topic: string, options: Start = {}, transport?: Transport): Promise<Hand> {
    const spec = { topic, from: "latest", prefetch: ROOM, ordered: false, ...options } as const;
    const hand = new Hand(transport ?? await this.connect(), spec, this.terms.deadline);
    this.opened(() => hand.leave());
    await hand.subscribe();
    return hand;
  }

  /** A router without a word; who starts it closes it. */
  router(): Router {
    return this.#faces.router();
  }

  /** What makes a consumer a member of a group, where there are groups, and lets it miss nothing. */
  member(group: string): Start {
    const { groups, retained } = this.traits;
    return { ...(groups ? { group } : {}), ...(retained ? { from: "earliest" } : {}) };
  }

  /** Runs something for a reader and, where there are groups, for a member of one, at once. */
  async forEachRole(run: (role: Pick<Start, "group">) => Promise<void>): Promise<void> {
    const roles = this.traits.groups ? [{}, { group: "all" }] : [{}];
    await Promise.all(roles.map(run));
  }

  /** Publishes in one call, and tells what became of each message. */
  publish(out: Publisher, topic: string, messages: readonly Message[]): Promise<Produced[]> {
    const publishing = this.#publish(out, topic, messages);
    // A test that fails before it asks has its own error.
    publishing.catch(() => {});
    return publishing;
  }

  /**
   * Publishes what is not confirmed again and again: while the broker is away, or where it is the
   * publisher who delivers again what was nacked. Who does so may publish twice.
   */
  deliver(out: Publisher, topic: string, messages: readonly Message[]): Promise<Produced[]> {
    const delivering = this.#deliver(out, topic, messages);
    delivering.catch(() => {});
    return delivering;
  }

  /** Runs a part of the test, and closes what it opened. */
  async inner(run: (world: World) => Promise<void>): Promise<void> {
    const world = new World(this.terms, this.#test, this.#faces);
    try {
      await run(world);
    } catch (error) {
      // What failed says more than what could not be closed after it.
      await world.end().catch(() => {});
      throw error;
    }
    await world.end();
  }

  /** Resolves as a promise does, within the deadline. */
  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return inTime(promise, this.terms.deadline, what);
  }

  /** Asks until the answer is the right one, for what brokers know a moment later; resolves with it. */
  async eventually<T>(
    ask: () => T | Promise<T>,
    holds: (answer: T) => boolean,
    says: (answer: T) => string,
  ): Promise<T> {
    const { deadline } = this.terms;
    const ends = performance.now() + deadline;
    for (;;) {
      const asking = Promise.resolve(ask());
      const answer = await this.within(asking, "An answer about what has become of it");
      if (holds(answer)) return answer;
      if (performance.now() > ends) {
        throw new ConformanceError(`${says(answer)} within ${deadline} ms`);
      }
      await pause(RETRY);
    }
  }

  /** Waits as long as what must not come would take to come. */
  silence(): Promise<void> {
    return pause(this.terms.quiet);
  }

  /** Waits for conditions. */
  watch(): Watch {
    return new Watch(this.terms.deadline);
  }

  /** A gate that is opened at the end, so that a test that fails need not wait for its handlers. */
  gate(): Gate {
    const { promise, resolve } = Promise.withResolvers<void>();
    const gate = { passed: promise, open: resolve };
    this.#gates.push(gate);
    return gate;
  }

  /** Notes what is to be closed at the end, the last first. */
  opened(close: () => Promise<unknown>): void {
    this.#opened.push(close);
  }

  /** Closes everything that was opened; throws the first error, after the last attempt. */
  async end(): Promise<void> {
    for (const { open } of this.#gates) open();
    let failure: { error: unknown } | undefined;
    for (const close of this.#opened.splice(0).reverse()) {
      try {
        await this.within(close(), "Closing what the test had opened");
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  async #deliver(
    out: Publisher,
    topic: string,
    messages: readonly Message[],
  ): Promise<Produced[]> {
    const ends = performance.now() + this.terms.deadline;
    let left = messages;
    for (;;) {
      const log = await this.publish(out, topic, left);
      const open = new Set(log.filter(({ outcome }) => outcome !== "acked").map(({ id }) => id));
      if (open.size === 0 || performance.now() > ends) {
        return messages.map(({ uuid, key }) => {
          return { id: uuid, key, outcome: open.has(uuid) ? "unknown" : "acked" };
        });
      }
      left = left.filter(({ uuid }) => open.has(uuid));
      await pause(RETRY);
    }
  }

  async #publish(
    out: Publisher,
    topic: string,
    messages: readonly Message[],
  ): Promise<Produced[]> {
    const outcomes = messages.map((): Produced["outcome"] => "acked");
    try {
      await this.within(out.publish(topic, messages), `Publishing to '${topic}'`);
    } catch (error) {
      if (error instanceof PublishError) {
        for (const { index, outcome } of error.failed) {
          outcomes[index] = outcome === "unknown" ? "unknown" : "failed";
        }
      } else if (error instanceof ClosedError) outcomes.fill("failed");
      else throw error;
    }
    return messages.map(({ uuid, key }, at) => ({ id: uuid, key, outcome: outcomes[at]! }));
  }
}

function sorted(traits: Traits): [name: string, value: unknown][] {
  return Object.entries(traits).sort(([one], [other]) => one < other ? -1 : 1);
}
