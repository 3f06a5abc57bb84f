import type { SubscribeOptions, Subscriber } from "../message/contracts.ts";
import { fields } from "../message/codec.ts";
import type { Message } from "../message/message.ts";
import { refuse } from "../options/refusal.ts";
import type { Host, Lane, Source, SourceSpec, Traits, Transport } from "./port.ts";
import { subscriber } from "./subscriber.ts";

/** What {@linkcode fromSubscriber} makes a subscriber of. */
export interface SubscriberLike {
  /** Subscribes; each message says by `ack` and `nack` how it was settled. */
  subscribe(
    topic: string,
    options: Pick<SubscribeOptions, "group" | "from" | "prefetch">,
  ): AsyncIterable<Message> | Promise<AsyncIterable<Message>>;
  /** Ends what it has opened. */
  close?(): void | Promise<void>;
}

/** Whether it retains anything is its own affair: where to begin is passed on. */
const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: 0,
  counts: true,
  retained: true,
  groups: true,
  keyOrder: "member",
};

/**
 * A subscriber with all that its contract promises, made of a user's own: a Router takes it like any
 * other. Its messages are settled by their own `ack` and `nack`.
 *
 * @throws {TypeError} If it has no `subscribe`.
 *
 * @example A subscriber of one's own
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { fromSubscriber } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const own = fromSubscriber({
 *   async *subscribe() {
 *     yield new Message("hello");
 *   },
 * });
 * for await (const message of await own.subscribe("greetings")) {
 *   assertEquals(message.text(), "hello");
 *   message.ack();
 *   break;
 * }
 * ```
 */
export function fromSubscriber(own: SubscriberLike): Subscriber {
  if (typeof own?.subscribe !== "function") {
    refuse("make a subscriber", "own", "an object with a method subscribe", own);
  }
  const transport: Transport = {
    name: "own",
    traits: TRAITS,
    source: (spec, host) => openSource(own, spec, host),
    sink: () => refuse("publish", "transport", "one that can", own),
    close: async () => await own.close?.(),
  };
  return subscriber(transport, { closeTransport: true });
}

async function openSource(own: SubscriberLike, spec: SourceSpec, host: Host): Promise<Source> {
  const { topic, group, from, prefetch } = spec;
  const messages = await own.subscribe(
    topic,
    group === undefined ? { from, prefetch } : { group, from, prefetch },
  );
  const iterator = messages[Symbol.asyncIterator]();
  const lane: Lane = { name: "", fenced: false };
  let stopped = false;
  const read = async () => {
    try {
      while (!stopped) {
        const result = await iterator.next();
        if (result.done) return host.end();
        const { value } = result;
        // It was on its way when the source was stopped: nobody else would settle it.
        if (stopped) return void value.nack({ delay: 0 });
        const rec = fields.encode(value, { topic });
        await host.admit({ rec, token: value, lane, count: value.attempt });
      }
    } catch (cause) {
      host.event({ kind: "failed", at: Date.now(), cause });
    }
  };
  read();
  return {
    ack(deliveries) {
      for (const { token } of deliveries) (token as Message).ack();
      return Promise.resolve();
    },
    requeue(items) {
      for (const { delivery, delay } of items) (delivery.token as Message).nack({ delay });
      return Promise.resolve();
    },
    stop() {
      stopped = true;
      return Promise.resolve();
    },
    close() {
      stopped = true;
      // Not waited for: a generator that waits for its next message returns after it.
      Promise.resolve(iterator.return?.()).catch(() => {});
      return Promise.resolve();
    },
  };
}
