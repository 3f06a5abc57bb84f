import type { Publisher, Subscriber } from "../message/contracts.ts";
import { Message } from "../message/message.ts";
import { checkTopic } from "../message/names.ts";
import {
  ANYTHING,
  checkOptions,
  FUNCTION,
  integer,
  OBJECT,
  type Rule,
  SIGNAL,
} from "../options/options.ts";
import { refuse } from "../options/refusal.ts";
import { consume, type Consumption } from "../transport/consumption.ts";
import { REPLAYS } from "../transport/dead_letter.ts";
import { GROUP } from "../transport/group_rule.ts";
import { metadataBefore } from "../transport/packed_letter.ts";
import type { Transport } from "../transport/port.ts";
import { accessOf } from "../transport/publisher_access.ts";
import { RecentEntries } from "../transport/recent_entries.ts";
import { accessOfSubscriber } from "../transport/subscriber.ts";
import { after } from "../transport/timer.ts";

/** How dead letters are put back. */
export interface ReplayOptions {
  /** What publishes them. */
  publisher: Publisher;
  /** Where to. @default {the topic that the letter came from, its `dlq_topic`} */
  to?: string | ((letter: Message) => string);
  /** Which ones; the others stay. @default {all} */
  filter?: (letter: Message) => boolean;
  /** Letters a second at most. @default {Infinity} */
  rate?: number;
  /** The consumer group whose position is moved; a later replay goes on where this one ended. @default {"replay"} */
  group?: string;
  /** Milliseconds without a letter after which the replay is at its end. @default {1_000} */
  idle?: number;
  /** Ends it early. @default {none} */
  signal?: AbortSignal;
}

/** What a replay did. */
export interface ReplayReport {
  /** Letters that were published again. */
  readonly replayed: number;
  /** Letters that the filter left out. */
  readonly skipped: number;
  /**
   * The topic, where no letter came and the broker said at the beginning that it has no such topic: its
   * name may be misspelt. Missing where the broker cannot tell; one that makes a topic for who subscribes
   * has it from then on, and tells it once.
   */
  readonly missing?: string;
}

/** Letters that a replay knows again when they come back; the oldest is forgotten first. */
const REMEMBERED = 65_536;

const RATE: Rule = ["above 0", "number", (value: number) => value > 0];

/**
 * Puts dead letters back: each is published with its own uuid, key and timestamp, without the facts of
 * its failure, and with `replays` one higher; then its letter is acked. What the filter leaves out is
 * skipped, and a later replay by another group sees it again.
 *
 * It ends as well when a message that it has put back comes to the dead letters again: that one stays.
 * A topic that is not there has no letters, and the report names it.
 *
 * Publishing is identified by topic, uuid and number of the replay, so that a broker which drops
 * duplicates does not take it for the first publishing.
 *
 * @throws {TypeError | RangeError} Naming the option, its value and its rule; or if a letter does not tell where it came from, or holds packed metadata that is not what was packed.
 * @throws {PublishError} If a letter could not be published; it stays where it is.
 *
 * @example After the fix
 * ```ts
 * import { MemoryBroker } from "@beat/beat/memory";
 * import { Message } from "@beat/beat/message";
 * import { replay } from "@beat/beat/router";
 * import { publisher, subscriber } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new MemoryBroker();
 * const out = publisher(broker);
 * await out.publish("orders.dead", new Message("7", { metadata: { dlq_topic: "orders" } }));
 * const report = await replay(subscriber(broker), "orders.dead", { publisher: out, idle: 10 });
 * assertEquals(report, { replayed: 1, skipped: 0 });
 * ```
 */
export async function replay(
  subscriber: Subscriber,
  topic: string,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { transport, codec } = checkReplay(subscriber, topic, options);
  const { group = "replay", idle = 1_000, rate = Infinity, filter, signal } = options;
  const counts = { replayed: 0, skipped: 0 };
  let isThere = true;
  const ended = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let running = 0;
  let cancel = () => {};
  const wait = () => {
    cancel();
    if (running === 0) cancel = after(idle, ended.resolve);
  };
  const putBackNow = new RecentEntries<string, true>(REMEMBERED);
  const again = async ([letter]: readonly Message[]) => {
    cancel();
    running++;
    try {
      if (putBackNow.has(identityOf(letter!, 0))) {
        // It has failed again: going on would put it back for ever.
        ended.resolve();
        throw new Error(`Message '${letter!.uuid}' is among the dead letters again`);
      }
      if (filter?.(letter!) === false) counts.skipped++;
      else {
        await putBack(letter!, options);
        counts.replayed++;
        putBackNow.set(identityOf(letter!, 1), true);
        if (rate !== Infinity) await pause(1_000 / rate, stopping.signal);
      }
    } catch (error) {
      ended.reject(error);
      throw error;
    } finally {
      running--;
      wait();
    }
  };
  const abort = () => ended.reject(signal!.reason);
  // Nobody listens yet if it fails while it is subscribing.
  ended.promise.catch(() => {});
  signal?.throwIfAborted();
  signal?.addEventListener("abort", abort, { once: true });
  const asked = hasTopic(transport, topic).then((has) => isThere = has);
  const place = transport.traits.groups ? { group } : {};
  let consumption: Consumption | undefined;
  try {
    // Some brokers make the topic by the subscription. The answer is worth no more time than a letter.
    const late = new Promise<void>((resolve) => cancel = after(idle, resolve));
    await Promise.race([asked, late, ended.promise]);
    cancel();
    consumption = await consume(transport, again, {
      topic,
      codec,
      from: "earliest",
      ...place,
      ...(signal && { signal }),
    });
    // Not before: a broker may take longer to subscribe than letters take to come.
    wait();
    await ended.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
    stopping.abort();
    await consumption?.close();
    cancel();
  }
  return isThere || counts.replayed + counts.skipped > 0 ? counts : { ...counts, missing: topic };
}

/** Whether a broker has a topic; one that cannot tell has it. */
async function hasTopic({ admin }: Transport, topic: string): Promise<boolean> {
  try {
    return admin === undefined || await admin.describe(topic) !== undefined;
  } catch {
    return true;
  }
}

function checkReplay(subscriber: Subscriber, topic: string, options: ReplayOptions) {
  const action = "replay dead letters";
  const access = accessOfSubscriber(subscriber);
  if (access === undefined) {
    refuse(action, "subscriber", "made by 'subscriber' or 'fromSubscriber'", subscriber);
  }
  checkTopic(action, topic);
  checkOptions(action, options, {
    publisher: OBJECT,
    to: ANYTHING,
    filter: FUNCTION,
    rate: RATE,
    group: GROUP,
    idle: integer(1),
    signal: SIGNAL,
  });
  const { publisher, to } = options;
  if (typeof publisher?.publish !== "function") {
    refuse(action, "publisher", "a Publisher", publisher);
  }
  if (typeof to === "string") checkTopic(action, to);
  else if (to !== undefined && typeof to !== "function") {
    refuse(action, "to", "a topic or a function", to);
  }
  return access;
}

async function putBack(letter: Message, { publisher, to }: ReplayOptions): Promise<void> {
  const { uuid, key, timestamp } = letter;
  const topic = typeof to === "function" ? to(letter) : to ?? letter.metadata.get("dlq_topic");
  if (topic === undefined) {
    throw new TypeError(
      `Cannot replay message '${uuid}' as it has no 'dlq_topic': say where it goes by 'to'`,
    );
  }
  const metadata = metadataBefore(letter);
  const replays = countOf(metadata) + 1;
  metadata.set(REPLAYS, String(replays));
  const message = new Message(letter.payload, { uuid, key, timestamp, metadata });
  const identify = () => `${topic}:${uuid}:replay:${replays}`;
  await accessOf(publisher).publish(topic, [message], { identify });
}

/** How often a message was put back. What is no count was set by somebody else: it counts as none. */
function countOf(metadata: ReadonlyMap<string, string>): number {
  const replays = metadata.get(REPLAYS) ?? "";
  return /^\d{1,15}$/.test(replays) ? Number(replays) : 0;
}

/**
 * What the letter of a message is known by when it was put back so many times more. Not by the uuid
 * alone: several handlers may have buried the same message.
 */
function identityOf(letter: Message, more: number): string {
  return `${countOf(metadataBefore(letter)) + more}:${letter.uuid}`;
}

function pause(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = after(delay, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
