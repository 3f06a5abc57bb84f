import { EventBus } from "../core/event_bus.ts";
import { check, checkOptions, FUNCTION, integer } from "../options/options.ts";
import { canStartThread } from "../runtime/capabilities.ts";
import { completeAsyncBus, type Fill } from "./async.ts";
import { AsyncEngine } from "./async_engine.ts";
import { HomeEngine } from "./home_engine.ts";
import { createInThreadBus } from "./in_thread.ts";
import { completeOptions } from "./thread_options.ts";
import type { AsyncBus, WriteOptions } from "../core/contracts.ts";
import type { OpenEventMap } from "../core/event.ts";
import type { ThreadOptions } from "./thread_options.ts";

export type { ThreadOptions };

/** Checks what `write` was given. */
export function checkWrite(length: number, fill: Fill, options: WriteOptions): void {
  check("write an event", "length", length, integer(0));
  check("write an event", "fill", fill, FUNCTION);
  checkOptions("write an event", options, { key: ["a string", "string"] });
}

/**
 * Creates a bus whose events reach the handlers of other threads.
 *
 * @throws {TypeError} If an option is unknown or of a wrong type.
 * @throws {RangeError} If an option is out of its range, or all rings together are too large.
 * @throws What starting the first thread throws, if threads can be started here at all.
 */
export function createThreadBus<M extends object = OpenEventMap>(
  options: ThreadOptions,
): AsyncBus<M> {
  const full = completeOptions(options);
  let home: HomeEngine;
  try {
    const { overflow, concurrency } = full;
    const queue = { overflow, ...(concurrency === undefined ? {} : { concurrency }) };
    home = new HomeEngine(full, (core) => new AsyncEngine(queue, core));
  } catch (cause) {
    if (canStartThread()) throw cause;
    const { engine, face, ready } = createInThreadBus(full, cause);
    return completeAsyncBus(face, engine.core, {
      enqueue: (event, options) => engine.enqueue(event, options),
      write(type, length, fill, options = {}) {
        checkWrite(length, fill, options);
        const data = new Uint8Array(length);
        fill(data, 0, length);
        face.emit({ type, data, ...options });
      },
      ready,
    });
  }
  const face = new EventBus(home.core, {
    engine: "async",
    threads: full.threads,
    transport: home.transport,
  });
  const emitBatch = face.emitBatch.bind(face);
  return completeAsyncBus(face, home.core, {
    emitBatch: (events) => home.outbox.batch(() => emitBatch(events)),
    enqueue: (event, options) => home.queue.enqueue(event, options),
    write(type, length, fill, options = {}) {
      checkWrite(length, fill, options);
      home.write(type, length, fill, options.key);
    },
    ready: home.ready,
  });
}
