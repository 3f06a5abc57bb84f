import type { MemoryBroker } from "../../src/memory/mod.ts";
import type { HealthReporter } from "../../src/transport/capabilities.ts";
import type { Host, Source, SourceSpec, Transport } from "../../src/transport/port.ts";

/** A connection to a broker in memory: closing it ends what came over it, not the broker. */
export function connectTo(broker: MemoryBroker): Transport & HealthReporter {
  const sources = new Set<Source>();
  return {
    name: broker.name,
    traits: broker.traits,
    admin: broker.admin,
    async source(spec: SourceSpec, host: Host): Promise<Source> {
      const source = await broker.source(spec, host);
      sources.add(source);
      return source;
    },
    sink: () => broker.sink(),
    peek: (topic, limit) => broker.peek(topic, limit),
    health: () => broker.health(),
    async close(): Promise<void> {
      await Promise.all([...sources].map((source) => source.close()));
    },
  };
}
