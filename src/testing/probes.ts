import type { Delivery, Host, Lane, Source, Transport } from "../transport/port.ts";

/** An object with some members replaced; all others are those of the object itself. */
export function override<T extends object>(object: T, changes: Partial<T>): T {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof T];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What an engine asked of a transport, and got. */
export class Traffic {
  /** Calls of `source`. */
  sources = 0;
  /** Calls of `send`. */
  sends = 0;
  /** Deliveries that the engine was given. */
  delivered = 0;
  /** Of them, those that its handlers are done with; whoever handles them counts. */
  done = 0;
  /** The most that was in memory at once. */
  most = 0;

  /** Notes deliveries. */
  deliver(count: number): void {
    this.delivered += count;
    this.most = Math.max(this.most, this.delivered - this.done);
  }
}

/** A transport that passes everything on and counts it. */
export function observe(transport: Transport): { transport: Transport; traffic: Traffic } {
  const traffic = new Traffic();
  return {
    traffic,
    transport: override(transport, {
      async source(spec, host) {
        traffic.sources++;
        return observeSource(await transport.source(spec, observeHost(host, traffic)), traffic);
      },
      sink() {
        const sink = transport.sink();
        return override(sink, {
          send(lane, items) {
            traffic.sends++;
            return sink.send(lane, items);
          },
        });
      },
    }),
  };
}

function observeSource(source: Source, traffic: Traffic): Source {
  if (source.fetch === undefined) return source;
  return override(source, {
    async fetch(room, paused, signal) {
      const deliveries = await source.fetch!(room, paused, signal);
      traffic.deliver(deliveries.length);
      return deliveries;
    },
  });
}

function observeHost(host: Host, traffic: Traffic): Host {
  return override(host, {
    async admit(delivery) {
      await host.admit(delivery);
      traffic.deliver(1);
    },
    offer(delivery) {
      const isTaken = host.offer(delivery);
      if (isTaken) traffic.deliver(1);
      return isTaken;
    },
  });
}

/** A consumer as its process leaves it that was killed: it has deliveries, and does nothing any more. */
export class Zombie implements Host {
  /** What it was given. */
  readonly taken: Delivery[] = [];
  readonly #first = Promise.withResolvers<void>();

  /** Takes deliveries, of a source that was made for it, until it has one at least. */
  async take(source: Source): Promise<void> {
    if (source.fetch === undefined) return await this.#first.promise;
    const deliveries = await source.fetch(16, () => false, new AbortController().signal);
    this.taken.push(...deliveries);
  }

  admit(delivery: Delivery): void {
    this.taken.push(delivery);
    this.#first.resolve();
  }

  offer(delivery: Delivery): boolean {
    this.admit(delivery);
    return true;
  }

  async revoke(lane: Lane): Promise<void> {
    lane.fenced = true;
    await undefined;
  }

  lost(lane: Lane): void {
    lane.fenced = true;
  }

  end(): void {}

  event(): void {}
}

/** A signal that tells how many listeners it has. */
export function countingListeners(): { signal: AbortSignal; listeners: () => number } {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { signal, listeners: () => listening.size };
}
