import type { HealthReporter } from "../../transport/capabilities.ts";
import type { Host, Source, Transport } from "../../transport/port.ts";
import type { World } from "./world.ts";

/** The embedded broker, with parts that the test decides. */
export function doctored(
  { broker }: World,
  parts: Partial<Transport & HealthReporter> = {},
): Transport {
  const transport: Transport = {
    name: "doctored",
    traits: broker.traits,
    source: (spec, host) => broker.source(spec, host),
    sink: () => broker.sink(),
    close: () => Promise.resolve(),
  };
  return Object.assign(transport, parts);
}

/** A broker that is down, and how often it was asked for a source. */
export class Down {
  attempts = 0;
  readonly transport: Transport;

  /** Refuses at once, or says nothing at all. */
  constructor(world: World, how: "refuses" | "is silent") {
    this.transport = doctored(world, {
      source: () => {
        this.attempts++;
        if (how === "refuses") return Promise.reject(new Error("connection refused"));
        return new Promise<Source>(() => {});
      },
    });
  }
}

/** A broker that can be lost for good. */
export class Link {
  readonly transport: Transport;
  #host: Host | undefined;
  #lost = false;

  constructor(world: World) {
    this.transport = doctored(world, {
      source: (spec, host) => {
        if (this.#lost) return Promise.reject(new Error("connection refused"));
        this.#host = host;
        return world.broker.source(spec, host);
      },
    });
  }

  lose(cause: Error): void {
    this.#lost = true;
    this.#host!.event({ kind: "failed", at: Date.now(), cause });
  }
}
