import { QueueFullError, show } from "./errors.ts";
import { checkOptions, choice, integer, SIGNAL } from "./options.ts";
import type { BusCore } from "./bus_core.ts";
import type { EventIterator, EventsOptions } from "./contracts.ts";
import type { BusEvent } from "./event.ts";
import type { Rules } from "./options.ts";

const RULES: Rules = {
  signal: SIGNAL,
  capacity: integer(1),
  overflow: choice("error", "drop-newest", "drop-oldest"),
};

/** Subscribes to a pattern and buffers what comes until the consumer asks for it. */
export function createEventIterator(
  core: BusCore,
  pattern: string,
  options: EventsOptions = {},
): EventIterator<BusEvent> {
  checkOptions(`iterate the events of ${show(pattern)}`, options, RULES);
  const { signal, capacity = 1024, overflow = "error" } = options;
  let buffer: BusEvent[] = [];
  let failure: QueueFullError | undefined;
  let ended = false;
  let wake = () => {};

  const subscription = core.on(
    pattern,
    (event) => {
      if (buffer.length < capacity) {
        buffer.push(event);
        return wake();
      }
      if (overflow === "error") {
        failure = new QueueFullError(event.type, capacity, "the consumer of 'events' is too slow");
        return void subscription.unsubscribe();
      }
      let dropped = event;
      if (overflow === "drop-oldest") {
        buffer.push(event);
        dropped = buffer.shift()!;
      }
      core.ledger.failed++;
      core.reportDrop({ reason: "overflow", count: 1, type: dropped.type, event: dropped });
    },
    { signal: signal! },
    () => {
      ended = true;
      wake();
    },
  );

  async function* drain(): AsyncGenerator<BusEvent, undefined> {
    while (true) {
      while (buffer.length > 0) yield buffer.shift()!;
      if (failure !== undefined) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => wake = resolve);
    }
  }

  const events = drain();
  const finish = events.return.bind(events);
  const leave = () => {
    buffer = [];
    failure = undefined;
    // Wakes the generator too: it could not be told to return while it waits for an event.
    subscription.unsubscribe();
    return finish(undefined);
  };
  return Object.assign(events, {
    return: leave,
    [Symbol.asyncDispose]: async () => void await leave(),
  }) as EventIterator<BusEvent>;
}
