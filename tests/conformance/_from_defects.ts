import { override } from "../../src/testing/probes.ts";
import { after } from "../../src/transport/timer.ts";
import type { SourceSpec } from "../../src/transport/port.ts";
import { type Break, deliversNothing, memory, network, onSource, onSpec } from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** Begins anew with each source that is made, as if it had never been there. */
const forgetsPositions: Break = (transport) =>
  override(transport, {
    source: (spec, host) => transport.source({ ...spec, ...anonymous(spec) }, host),
  });

let members = 0;

function anonymous({ group }: SourceSpec): Partial<SourceSpec> {
  return group === undefined ? {} : { group: `${group}-${members++}` };
}

/** Defects of where a subscription begins, and where it goes on. */
export const FROM_DEFECTS: Defects = {
  "from: the latest is all that is published when a subscription is live, and nothing before": [
    {
      defect: "says that it is live before it is",
      make: () =>
        memory((transport) =>
          override(transport, {
            async source(spec, host) {
              const opening = new Promise<void>((resolve) => after(30, resolve))
                .then(() => transport.source(spec, host));
              // What it is asked meanwhile waits for it.
              const source = await transport.source({ ...spec, topic: `${spec.topic}.none` }, host);
              return override(source, {
                fetch: async (...args) => await (await opening).fetch!(...args),
                ack: async (deliveries) => await (await opening).ack(deliveries),
                close: async () => await (await opening).close(),
              });
            },
          })
        ),
      says: /5 of 5 messages did not come/,
      waits: true,
    },
    {
      defect: "begins at the beginning, whatever is asked for",
      make: () => memory(onSpec((spec) => ({ ...spec, from: "earliest" }))),
      says: /came and nobody published it/,
    },
  ],
  "from: a time is all that is published from then on, and everything if it is long ago": [
    {
      defect: "takes a time for the latest",
      make: () =>
        memory(onSpec((spec) => (
          { ...spec, from: spec.from instanceof Date ? "latest" : spec.from }
        ))),
      says: /5 of 10 messages did not come/,
      waits: true,
    },
    {
      defect: "takes the time 0 for none",
      make: () =>
        memory(onSpec((spec) => (
          { ...spec, from: Number(spec.from) === 0 ? "latest" : spec.from }
        ))),
      says: /10 of 15 messages did not come/,
      waits: true,
    },
    {
      defect: "takes a time for the earliest",
      make: () =>
        memory(onSpec((spec) => (
          { ...spec, from: spec.from instanceof Date ? "earliest" : spec.from }
        ))),
      says: /came and nobody published it/,
    },
  ],
  "from: a group that was there goes on where it was, wherever it is asked to begin": [
    {
      defect: "forgets where a group was when nobody is in it",
      make: () => memory(forgetsPositions),
      says: /5 of 5 messages did not come/,
      waits: true,
    },
    {
      defect: "has a group begin anew that asks for the beginning",
      make: () =>
        memory(
          onSpec((spec) => spec.from === "earliest" ? { ...spec, ...anonymous(spec) } : spec),
        ),
      says: /came and nobody published it/,
    },
  ],
  "from: whose connection was lost goes on after what it had settled": [
    {
      defect: "delivers nothing",
      make: () => network(deliversNothing),
      says: /Delivery number 1 did not happen/,
      waits: true,
    },
    {
      defect: "never ends a source",
      make: () => network(onSource(() => ({ close: () => new Promise(() => {}) }))),
      says: /The end of a source did not happen/,
      waits: true,
    },
    {
      defect: "forgets where it was with its connection",
      make: () => network(forgetsPositions),
      says: /Delivery number 2 did not happen/,
      waits: true,
    },
    {
      defect: "begins anew for whose connection was lost",
      make: () =>
        network((transport) =>
          override(transport, {
            source: (spec, host) =>
              transport.source({ ...spec, from: "earliest", ...anonymous(spec) }, host),
          })
        ),
      says: /What came before and after the connection was lost must be/,
    },
  ],
};
