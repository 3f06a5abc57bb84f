import type { Bus } from "../core/contracts.ts";
import type { BusEvent } from "../core/event.ts";
import { ClosedError } from "../message/errors.ts";
import type { Host, Lane, Source, SourceSpec } from "../transport/port.ts";
import { SubscriptionFullError } from "./errors.ts";
import { type Conversion, toRecord } from "./event_record.ts";

/** Nobody emits it: a promise of it tells when the bus closes. */
const END = "beat.local.end";

let sources = 0;

/**
 * Subscribes an engine to a bus. An event is handed to it inside the emit; what has no room waits, and
 * when too many wait the emit fails.
 */
export function openLocalSource(
  // deno-lint-ignore no-explicit-any
  bus: Bus<any>,
  { topic }: SourceSpec,
  host: Host,
  { capacity, conversion }: { capacity: number; conversion: Conversion },
): Source {
  const lane: Lane = { name: "", fenced: false };
  const place = `${topic}/${sources++}`;
  let received = 0;
  let waiting = 0;

  const receive = (event: BusEvent): void => {
    const offset = received++;
    const rec = toRecord(event, () => `${place}/${offset}`, conversion);
    const delivery = { rec, token: offset, lane, count: 1 };
    if (host.offer(delivery)) return;
    if (waiting >= capacity) throw new SubscriptionFullError(topic, capacity);
    const admission = host.admit(delivery);
    if (admission === undefined) return;
    waiting++;
    admission.then(() => waiting--);
  };

  if (bus.closed) throw new ClosedError(`subscribe to '${topic}'`, "bus");
  const subscription = bus.on(topic, receive);
  const leaving = new AbortController();
  bus.once(END, { signal: leaving.signal }).then(() => {}, () => {
    if (!leaving.signal.aborted) host.end();
  });

  return {
    ack: () => Promise.resolve(),
    offset: ({ token }) => String(token),
    // Whoever emits while the last messages are handled must not fail for want of room here.
    stop() {
      subscription.unsubscribe();
      return Promise.resolve();
    },
    close() {
      subscription.unsubscribe();
      leaving.abort();
      return Promise.resolve();
    },
  };
}
