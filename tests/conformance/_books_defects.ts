import type { HealthReporter, LaneLag } from "../../src/transport/capabilities.ts";
import type { Rec } from "../../src/message/rec.ts";
import type { Delivery, Transport } from "../../src/transport/port.ts";
import { override } from "../../src/testing/probes.ts";
import {
  type Bench,
  type Break,
  deliversFirst,
  deliversNothing,
  memory,
  onFetch,
  onSource,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** Changes what a source says of its lag. */
function onLag(change: (lanes: readonly LaneLag[]) => readonly LaneLag[]): Break {
  return onSource((source) => ({ lag: async () => change(await source.lag!()) }));
}

/** Changes how a source names the records of some subscriptions. */
function onOffset(change: (delivery: Delivery, group?: string) => string): Break {
  return onSource((_source, { group }) => ({ offset: (delivery) => change(delivery, group) }));
}

/** Changes what is shown of a topic. */
function onPeek(change: (recs: readonly Rec[], limit: number) => readonly Rec[]): Break {
  return (transport) =>
    override(transport, {
      peek: async (topic, limit) => [...change(await transport.peek!(topic, limit), limit)],
    });
}

/** A broker that says something of its health. */
function healthy(health: HealthReporter["health"]): Bench {
  return memory((transport) =>
    override<Transport & Partial<HealthReporter>>(transport, { health })
  );
}

/** Defects of what a transport tells. */
export const BOOKS_DEFECTS: Defects = {
  "lag: counts what is published and not settled, fetched or not, lane by lane": [
    {
      defect: "counts what was fetched as settled",
      make: () =>
        memory(onSource((source) => {
          let fetched = 0;
          return {
            async fetch(...args) {
              const deliveries = await source.fetch!(...args);
              fetched += deliveries.length;
              return deliveries;
            },
            async ack(deliveries) {
              await source.ack(deliveries);
              fetched = 0;
            },
            async lag() {
              const lanes = await source.lag!();
              return lanes.map((one) => ({ ...one, lag: Math.max(0, one.lag - fetched) }));
            },
          };
        })),
      says: /The lag while one is not settled was 0 and not 3 within/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /Delivery number 1 did not happen/,
      waits: true,
    },
    {
      defect: "delivers what it fetches first, and nothing more",
      make: () =>
        memory((transport) =>
          onSource((source) => ({
            fetch: (_room, paused, signal) => source.fetch!(1, paused, signal),
          }))(deliversFirst(transport))
        ),
      says: /Delivery number 2 did not happen/,
      waits: true,
    },
    {
      defect: "calls all lanes the same",
      make: () => memory(onLag((lanes) => lanes.map((one) => ({ ...one, lane: "" })))),
      says: /How many lanes there are, of those named, must be 16: it is 1/,
    },
    {
      defect: "measures in seconds",
      make: () =>
        memory(
          onLag((lanes) =>
            lanes.map((one) => ({ ...one, measuredAt: Math.floor(one.measuredAt / 1_000) }))
          ),
        ),
      says: /A lag must say when it was measured/,
    },
  ],
  "offset: names a record of a lane as no other, and the same to all who get it": [
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The delivery of 10 messages did not happen/,
      waits: true,
    },
    {
      defect: "calls all records of a lane the same",
      make: () => memory(onOffset(() => "1")),
      says: /How many records have names of their own must be 10/,
    },
    {
      defect: "names records by who reads them",
      make: () => memory(onOffset(({ token }, group = "") => `${group}${token}`)),
      says: /What one who subscribes calls the records, and what another does, must be/,
    },
  ],
  "peek: shows the first records of a topic whole, and consumes none": [
    {
      defect: "shows one record at least",
      make: () =>
        memory((transport) =>
          override(transport, {
            peek: (topic, limit) => transport.peek!(topic, Math.max(limit, 1)),
          })
        ),
      says: /How many are the first 0 must be 0: it is 1/,
    },
    {
      defect: "shows the last records",
      make: () =>
        memory((transport) =>
          override(transport, {
            peek: async (topic, limit) => {
              const recs = await transport.peek!(topic, 1_000);
              return recs.slice(recs.length - Math.min(limit, recs.length));
            },
          })
        ),
      says: /What is shown, by the order of each key, must be/,
    },
    {
      defect: "shows no headers",
      make: () => memory(onPeek((recs) => recs.map((rec) => ({ ...rec, headers: [] })))),
      says: /metadata tenant 'key-\d' came as 'undefined'/,
    },
    {
      defect: "delivers nothing of what it has shown",
      make: () => {
        const shown = new Set<string>();
        const notes = onPeek((recs) => {
          for (const { id } of recs) shown.add(id);
          return recs;
        });
        const skips = onFetch((deliveries) => deliveries.filter(({ rec }) => !shown.has(rec.id)));
        return memory((transport) => notes(skips(transport)));
      },
      says: /9 of 9 messages did not come/,
      waits: true,
    },
  ],
  "health: says that a broker is there, and rejects nothing": [
    {
      defect: "never finds its broker",
      make: () => healthy(() => Promise.resolve({ ok: false, latencyMs: 1 })),
      says: /Whether a broker is there that is must be true: it is false/,
    },
    {
      defect: "does not know how long its broker took",
      make: () => healthy(() => Promise.resolve({ ok: true, latencyMs: NaN })),
      says: /It must take a time: NaN ms/,
    },
    {
      defect: "rejects when it is called off",
      make: () =>
        healthy(({ signal } = {}) =>
          signal?.aborted
            ? Promise.reject(signal.reason)
            : Promise.resolve({ ok: true, latencyMs: 1 })
        ),
      says: /What comes of a question that is called off must be "an answer"/,
    },
  ],
};
