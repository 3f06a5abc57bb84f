import type { MemoryBroker } from "../../src/memory/mod.ts";
import { override } from "../../src/testing/probes.ts";
import { after } from "../../src/transport/timer.ts";
import type { SendFailure, Source, Transport } from "../../src/transport/port.ts";
import { connectTo } from "./_connection.ts";

/** Milliseconds after which a connection notices that nothing comes through. */
const HEARTBEAT = 30;

/** Milliseconds that the broker takes to start. */
const START = 10;

/** A broker as it is behind a network: it can go and come back, and nothing larger than a limit passes. */
export class Network {
  readonly maxPayload = 2 ** 20;
  readonly #broker: MemoryBroker;
  readonly #lost = new Set<(cause: Error) => void>();
  #isDown = false;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  /** A connection that is cut when the broker goes. */
  connect(): Transport {
    const connection = connectTo(this.#broker);
    return override(connection, {
      health: async () => {
        const cause = new Error("The connection was refused");
        return this.#isDown ? { ok: false, latencyMs: 0, cause } : await connection.health();
      },
      source: async (spec, host) =>
        this.#cuttable(await this.#pass(() => connection.source(spec, host))),
      sink: () => {
        const sink = connection.sink();
        return override(sink, {
          send: async (lane, items) => {
            const refused = items.map(({ rec }): SendFailure | undefined => {
              if (rec.payload.length <= this.maxPayload) return undefined;
              return { cause: new RangeError("The payload is too large"), outcome: "rejected" };
            });
            const good = items.filter((_, at) => refused[at] === undefined);
            const results = [...await this.#pass(() => sink.send(lane, good))];
            return refused.map((failure) => failure ?? results.shift());
          },
        });
      },
    });
  }

  /** Cuts all connections, and takes new ones when `whileDown` is over. */
  async restart(whileDown: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#isDown = true;
    this.#cut(new Error("The connection was reset"));
    try {
      await whileDown();
      await new Promise<void>((resolve) => after(START, resolve));
    } finally {
      this.#isDown = false;
    }
  }

  /** Lets nothing through until the heartbeats of the connections notice. */
  // deno-lint-ignore require-await
  async freeze(): Promise<() => Promise<void>> {
    this.#isDown = true;
    const cancel = after(HEARTBEAT, () => this.#cut(new Error("No heartbeat came")));
    return async () => {
      cancel();
      this.#isDown = false;
      this.#cut(new Error("The connection was reset"));
      await undefined;
    };
  }

  #cut(cause: Error): void {
    for (const lose of [...this.#lost]) lose(cause);
  }

  /** A source whose calls reject when the connection is cut. */
  #cuttable(source: Source): Source {
    let failure: { cause: Error } | undefined;
    const lose = (cause: Error) => {
      failure ??= { cause };
      // The broker takes who is gone out of its group.
      void source.close();
    };
    this.#lost.add(lose);
    const call = async <T>(run: () => Promise<T>): Promise<T> => {
      if (failure !== undefined) throw failure.cause;
      return await this.#pass(run);
    };
    return override(source, {
      fetch: (room, paused, signal) => call(() => source.fetch!(room, paused, signal)),
      ack: (deliveries) => call(() => source.ack(deliveries)),
      close: () => {
        this.#lost.delete(lose);
        return source.close();
      },
    });
  }

  /** Resolves as a promise does, unless the connection is cut before. */
  async #pass<T>(run: () => Promise<T>): Promise<T> {
    if (this.#isDown) throw new Error("The connection was refused");
    const cut = Promise.withResolvers<never>();
    this.#lost.add(cut.reject);
    const promise = run();
    // What comes too late was told by the cut.
    promise.catch(() => {});
    try {
      return await Promise.race([promise, cut.promise]);
    } finally {
      this.#lost.delete(cut.reject);
    }
  }
}
