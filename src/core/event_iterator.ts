import { QueueFullError } from "./errors.ts";
import { show } from "../options/refusal.ts";
import { Fifo } from "./fifo.ts";
import { checkOptions, choice, integer, SIGNAL } from "../options/options.ts";
import type { BusCore } from "./bus_core.ts";
import type { EventIterator, EventsOptions, SubscribeOptions } from "./subscription.ts";
import type { BusEvent } from "./event.ts";
import type { Rules } from "../options/options.ts";

type Result = IteratorResult<BusEvent, undefined>;

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
  const { capacity = 1024, overflow = "error", signal } = options;
  const done: Result = { done: true, value: undefined };
  const consumers = new Fifo<(result: Result) => void>();
  let buffer = new Fifo<BusEvent>();
  let failure: QueueFullError | undefined;
  let ended = false;

  const receive = (event: BusEvent) => {
    // An emit that runs may still come here after the end.
    if (ended) return;
    if (consumers.size > 0) return consumers.shift()!({ done: false, value: event });
    let dropped = event;
    if (buffer.size < capacity || overflow === "drop-oldest") {
      buffer.push(event);
      if (buffer.size <= capacity) return;
      dropped = buffer.shift()!;
    } else if (overflow === "error") {
      failure = new QueueFullError(event.type, capacity, "the consumer of 'events' is too slow");
      subscription.unsubscribe();
    }
    core.ledger.failed++;
    core.reportDrop({ reason: "overflow", count: 1, type: dropped.type, event: dropped });
  };
  const subscription = core.on(pattern, receive, { signal } as SubscribeOptions, () => {
    ended = true;
    while (consumers.size > 0) consumers.shift()!(done);
  });

  const leave = () => {
    buffer = new Fifo();
    failure = undefined;
    subscription.unsubscribe();
  };
  return {
    async next() {
      if (buffer.size > 0) return { done: false, value: buffer.shift()! };
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        throw error;
      }
      return ended ? done : await new Promise<Result>((resolve) => consumers.push(resolve));
    },
    // deno-lint-ignore require-await
    async return() {
      leave();
      return done;
    },
    // deno-lint-ignore require-await
    async throw(error) {
      leave();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    // deno-lint-ignore require-await
    async [Symbol.asyncDispose]() {
      leave();
    },
  };
}
