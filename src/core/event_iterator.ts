import { QueueFullError, show } from "./errors.ts";
import { checkChoice, checkInteger, checkOptions, checkSignal } from "./options.ts";
import { Fifo } from "./fifo.ts";
import type { BusCore } from "./bus_core.ts";
import type { EventIterator, EventsOptions } from "./contracts.ts";
import type { BusEvent } from "./event.ts";

type Result = IteratorResult<BusEvent, undefined>;

const DONE: Result = { done: true, value: undefined };

/** Subscribes to a pattern and buffers what comes until the consumer asks for it. */
export function createEventIterator(
  core: BusCore,
  pattern: string,
  options: EventsOptions = {},
): EventIterator<BusEvent> {
  const action = `iterate the events of ${show(pattern)}`;
  checkOptions(action, options, ["signal", "capacity", "overflow"]);
  const { signal, capacity = 1024, overflow = "error" } = options;
  checkSignal(action, signal);
  checkInteger(action, "capacity", capacity, 1);
  checkChoice(action, "overflow", overflow, ["error", "drop-newest", "drop-oldest"]);

  const buffer = new Fifo<BusEvent>();
  const consumers = new Fifo<(result: Result) => void>();
  let ended = false;
  let failure: QueueFullError | undefined;

  const subscription = core.on(pattern, receive, signal === undefined ? {} : { signal });
  const forget = subscription.onEnd;
  subscription.onEnd = (closed) => {
    forget?.(closed);
    end();
  };
  if (!subscription.live) end();

  function receive(event: BusEvent): void {
    const consumer = consumers.shift();
    if (consumer !== undefined) consumer({ done: false, value: event });
    else if (buffer.size < capacity) buffer.push(event);
    else if (overflow === "error") {
      failure = new QueueFullError(event.type, capacity, "the consumer of 'events' is too slow");
      subscription.unsubscribe();
    } else {
      const dropped = overflow === "drop-newest" ? event : buffer.shift()!;
      if (overflow === "drop-oldest") buffer.push(event);
      core.ledger.failed++;
      core.reportDrop({ reason: "overflow", count: 1, type: dropped.type, event: dropped });
    }
  }

  function end(): void {
    ended = true;
    for (let next = consumers.shift(); next !== undefined; next = consumers.shift()) next(DONE);
  }

  return {
    next(): Promise<Result> {
      const value = buffer.shift();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (ended) return Promise.resolve(DONE);
      return new Promise((resolve) => consumers.push(resolve));
    },
    return(): Promise<Result> {
      buffer.clear();
      failure = undefined;
      subscription.unsubscribe();
      return Promise.resolve(DONE);
    },
    [Symbol.asyncIterator](): EventIterator<BusEvent> {
      return this;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await this.return();
    },
  };
}
