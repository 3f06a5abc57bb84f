import type { HealthReporter } from "../../transport/capabilities.ts";
import type { Source, Transport } from "../../transport/port.ts";
import type { World } from "./world.ts";

/** The embedded broker, with parts that the test decides. */
export function doctored(
  { broker }: World,
  parts: Partial<Transport & HealthReporter>,
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
