import type { Bus } from "../core/contracts.ts";
import type { Publisher, Subscriber } from "../message/contracts.ts";
import { checkOptions, FUNCTION, integer, type Rules } from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import type { Traits, Transport } from "../transport/port.ts";
import { publisher } from "../transport/publisher.ts";
import { subscriber } from "../transport/subscriber.ts";
import { PLAIN } from "./event_record.ts";
import { LocalSink } from "./local_sink.ts";
import { openLocalSource } from "./local_source.ts";

/** How a bus is bridged. */
export interface LocalOptions {
  /**
   * Events of a subscription that may wait beside its `prefetch`. When there are more, the emit fails
   * with a {@linkcode SubscriptionFullError}, as a handler of the bus would.
   *
   * @default {1_024}
   */
  capacity?: number;
  /**
   * The payload of an event that became a message.
   *
   * @default {bytes as they are, strings as UTF-8, `undefined` as no bytes, the rest as JSON}
   */
  encode?: (data: unknown) => Uint8Array | string;
  /** The data of a message that becomes an event, from a copy of its bytes. @default {the bytes} */
  decode?: (payload: Uint8Array) => unknown;
}

const RULES: Rules = { capacity: integer(0), encode: FUNCTION, decode: FUNCTION };

const TRAITS: Traits = {
  settle: "none",
  requeue: "engine",
  lease: 0,
  counts: false,
  retained: false,
  groups: false,
  keyOrder: "member",
};

/**
 * A bus as a transport: what is published is emitted as an event of that type, and the other way round.
 * Id, key, metadata and timestamp go with it. A bus keeps nothing: who is not subscribed misses it,
 * and what a subscription has not handled when its time to close is over is lost, and counted.
 *
 * @throws {TypeError | RangeError} If it is no bus, or an option is malformed.
 *
 * @example A router behind a bus
 * ```ts
 * import { forSync } from "@beat/beat";
 * import { localTransport } from "@beat/beat/local";
 * import { consume } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forSync();
 * const seen: unknown[] = [];
 * const orders = await consume(
 *   localTransport(bus),
 *   ([message]) => seen.push(message!.json()),
 *   { topic: "order.paid" },
 * );
 * bus.emit({ type: "order.paid", data: { total: 12 }, key: "order-7" });
 * assertEquals(seen, [{ total: 12 }]);
 * await orders.close();
 * ```
 */
// deno-lint-ignore no-explicit-any
export function localTransport(bus: Bus<any>, options: LocalOptions = {}): Transport {
  const action = "bridge a bus";
  if (typeof bus?.emit !== "function" || typeof bus.on !== "function") {
    refuse(action, "bus", "a bus", bus);
  }
  checkOptions(action, options, RULES);
  const { capacity = 1_024, encode = PLAIN.encode, decode = PLAIN.decode } = options;
  const conversion = { encode, decode };
  return {
    name: "local",
    traits: TRAITS,
    // deno-lint-ignore require-await
    source: async (spec, host) => openLocalSource(bus, spec, host, { capacity, conversion }),
    sink: () => new LocalSink(bus, conversion),
    close: () => Promise.resolve(),
  };
}

/**
 * Publishes messages as events of a bus. `publish` fails with what the emit throws: `"rejected"` if the
 * bus took nothing, `"unknown"` if one of its handlers failed, beside which others may have the event.
 * The bus stays open when the publisher closes.
 *
 * @throws {TypeError | RangeError} If it is no bus, or an option is malformed.
 *
 * @example Messages for handlers of a bus
 * ```ts
 * import { forSync } from "@beat/beat";
 * import { localPublisher } from "@beat/beat/local";
 * import { Message } from "@beat/beat/message";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forSync();
 * const keys: unknown[] = [];
 * bus.on("order.*", (event) => keys.push(event.key));
 * await localPublisher(bus).publish("order.paid", new Message("12", { key: "order-7" }));
 * assertEquals(keys, ["order-7"]);
 * ```
 */
// deno-lint-ignore no-explicit-any
export function localPublisher(bus: Bus<any>, options?: LocalOptions): Publisher {
  return publisher(localTransport(bus, options));
}

/**
 * The events of a bus as messages. An emit never waits for them: see `capacity`. The bus stays open
 * when the subscriber closes, and has none of its handlers any more.
 *
 * @throws {TypeError | RangeError} If it is no bus, or an option is malformed.
 *
 * @example Events as messages
 * ```ts
 * import { forSync } from "@beat/beat";
 * import { localSubscriber } from "@beat/beat/local";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = forSync();
 * const stream = await localSubscriber(bus).subscribe("order.paid");
 * bus.emit("order.paid", { total: 12 });
 * for await (const message of stream) {
 *   assertEquals(message.json(), { total: 12 });
 *   message.ack();
 *   break;
 * }
 * ```
 */
// deno-lint-ignore no-explicit-any
export function localSubscriber(bus: Bus<any>, options?: LocalOptions): Subscriber {
  return subscriber(localTransport(bus, options));
}
