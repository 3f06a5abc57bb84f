import { override } from "../../src/testing/probes.ts";
import type { Delivery, Lane } from "../../src/transport/port.ts";
import { after } from "../../src/transport/timer.ts";
import {
  acksAtFetch,
  deliversNothing,
  leasedShelf,
  memory,
  neverLive,
  onFetch,
  onSource,
  onSpec,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";

const NEVER = new AbortController().signal;

/** Defects of groups. */
export const GROUP_DEFECTS: Defects = {
  "group: each group gets everything, from when it was there first": [
    {
      defect: "takes all groups for one",
      make: () => memory(onSpec((spec) => ({ ...spec, group: "all" }))),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
  ],
  "group: what a member had that was killed comes to the survivor, what is prolonged does not": [
    {
      defect: "waits for a member for ever",
      make: () => {
        const { connect } = leasedShelf();
        const { traits } = connect();
        return leasedShelf((transport) =>
          onSource((source) => {
            const keep = { cancel: () => {} };
            const held = new Set<Delivery>();
            const prolong = () => {
              void source.extend!([...held]);
              keep.cancel = after(20, prolong);
            };
            prolong();
            return {
              fetch: async (...args) => {
                const deliveries = await source.fetch!(...args);
                for (const delivery of deliveries) held.add(delivery);
                return deliveries;
              },
              close: async () => {
                keep.cancel();
                await source.close();
              },
            };
          })(override(transport, { traits }))
        );
      },
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "never begins to deliver",
      make: () => memory(neverLive),
      says: /Subscribing to '.*' did not happen/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /Delivery number 1 did not happen/,
      waits: true,
    },
    {
      defect: "refuses every lease, and prolongs it",
      make: () =>
        leasedShelf(onSource((source) => ({
          async extend(deliveries) {
            await source.extend!(deliveries);
            return deliveries;
          },
        }))),
      says: /How often a lease was refused that was prolonged in time must be 0/,
    },
    {
      defect: "prolongs no lease, and refuses those of several only",
      make: () =>
        leasedShelf(onSource(() => ({
          extend: (deliveries) => Promise.resolve(deliveries.length > 1 ? deliveries : []),
        }))),
      says: /What came to another while its lease was prolonged must be \[\]/,
    },
    {
      defect: "never refuses a lease",
      make: () =>
        leasedShelf(onSource((source) => ({
          async extend(deliveries) {
            await source.extend!(deliveries);
            return [];
          },
        }))),
      says: /How many leases of the killed are refused must be \d+: it is 0/,
    },
  ],
  "group: a lane that is taken away brings nothing more, and is another when it comes again": [
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The delivery of 40 messages did not happen/,
      waits: true,
    },
    {
      defect: "loses what the second member is to get",
      make: () => {
        let members = 0;
        return memory(onSource((source) => {
          const isSecond = members++ > 0;
          return {
            fetch: async (...args) => {
              const deliveries = await source.fetch!(...args);
              return isSecond ? [] : deliveries;
            },
          };
        }));
      },
      says: /To one of two members, \d+ of 40 messages did not come, '.*' first, within/,
      waits: true,
    },
    {
      defect: "gives no lane to who joins when all are taken",
      make: () => {
        let members = 0;
        return memory(
          onSpec((spec) => members++ === 0 ? spec : { ...spec, topic: `${spec.topic}.none` }),
        );
      },
      says: /0 of 1 deliveries came/,
      waits: true,
    },
    {
      defect: "never ends a fetch of the first member while there is another one",
      make: () => {
        let members = 0;
        return memory(onSource((source) => {
          const isFirst = members++ === 0;
          return {
            fetch: (room, paused, signal) =>
              source.fetch!(room, paused, isFirst && members > 1 ? NEVER : signal),
          };
        }));
      },
      says: /The end of a fetch whose signal has aborted did not happen/,
      waits: true,
    },
    {
      defect: "keeps the lanes of a member that has left",
      make: () => {
        let members = 0;
        return memory(
          onSource((source) =>
            members++ > 0 ? { close: () => Promise.resolve() } : { close: () => source.close() }
          ),
        );
      },
      says: /The delivery of 40 messages did not happen/,
      waits: true,
    },
    {
      defect: "takes a lane that comes again for the one that it was",
      make: () =>
        memory(onSource((source) => {
          const lanes = new Map<string, Lane>();
          const known = (lane: Lane) => {
            if (!lanes.has(lane.name)) lanes.set(lane.name, lane);
            return lanes.get(lane.name)!;
          };
          return {
            async fetch(...args) {
              const deliveries = await source.fetch!(...args);
              return deliveries.map((one) => ({ ...one, lane: known(one.lane), own: one }));
            },
            ack: (deliveries) =>
              source.ack((deliveries as (Delivery & { own: Delivery })[]).map(({ own }) => own)),
          };
        })),
      says: /What came of lanes that had been taken away must be 0/,
    },
  ],
  "group: members that join and leave under load lose nothing": [
    {
      defect: "acks before anybody has handled it",
      make: () => memory(acksAtFetch),
      says: /of 200 messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
  ],
};
