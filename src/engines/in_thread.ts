import { UnsupportedError } from "../core/errors.ts";
import { EventBus } from "../core/event_bus.ts";
import { MAX_DELAY, settled } from "../core/lifecycle.ts";
import { within } from "../runtime/within.ts";
import { AsyncEngine } from "./async_engine.ts";
import { lendData } from "./lend_data.ts";
import { endModule, served } from "./served.ts";
import { THREAD_SUBSCRIBE_RULES } from "./subscribe_rules.ts";
import type { BusCore } from "../core/bus_core.ts";
import type { BusOptions } from "../core/bus_options.ts";
import type { SubscribeOptions } from "../core/subscription.ts";
import type { Registration } from "../core/registration.ts";
import type { FullThreadOptions } from "./thread_options.ts";

/** A bus where there are no threads: its queue, its face, and when its handlers are there. */
export interface InThreadBus {
  engine: AsyncEngine;
  face: EventBus;
  ready: Promise<void>;
}

/** The hooks among the options. */
export function hooksOf({ onError, onDrop }: BusOptions): BusOptions {
  return { onError, onDrop } as BusOptions;
}

/**
 * Makes a bus that handles everything in this thread, as there are no others: a module that was
 * imported here and has called `serve` is thread 0.
 */
export function createInThreadBus(options: FullThreadOptions, cause: unknown): InThreadBus {
  const { overflow, concurrency } = options;
  const engine = new AsyncEngine({
    ...hooksOf(options),
    overflow,
    ...(concurrency === undefined ? {} : { concurrency }),
  });
  Object.assign(engine, {
    subscribeRules: THREAD_SUBSCRIBE_RULES,
    subscribed(registration: Registration, { zeroCopy }: SubscribeOptions = {}) {
      if (zeroCopy) lendData(registration, options);
    },
  });
  const face = new EventBus(engine.core, { engine: "async", threads: 0, transport: "queue" });
  return { engine, face, ready: serveHere(face, engine, cause) };
}

/**
 * Lets the module that was imported here subscribe; resolves when it has. When the engine stops,
 * handlers that run have its time to end, then what the module has given for its end has as much.
 */
export function serveHere(
  face: object,
  engine: { readonly core: BusCore },
  cause: unknown,
): Promise<void> {
  Object.assign(engine, {
    async stop(timeout: number) {
      await settled(engine.core, timeout);
      // The module may not have given it yet.
      await within(Math.min(timeout, MAX_DELAY), cleanUp.then(endModule));
    },
  });
  const cleanUp = (async () => {
    if (served.length !== 1) {
      const reason = "there are no threads here, and one imported module must have called 'serve'";
      const error = new UnsupportedError(
        "wait for the threads",
        `${reason}: ${served.length} have`,
      );
      throw Object.assign(error, { cause });
    }
    return await served[0].callback(face as never, { index: 0, threads: 1 });
  })();
  const ready = cleanUp.then(() => {});
  ready.catch(() => {});
  return ready;
}
