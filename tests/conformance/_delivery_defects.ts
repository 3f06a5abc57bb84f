import type { Delivery } from "../../src/transport/port.ts";
import {
  acksNacks,
  memory,
  onFetch,
  onRec,
  onSource,
  onSpec,
  same,
  shelf,
  storesOnly,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";
import { onStream } from "./_faces.ts";

/** Bytes with methods of their own, as a Buffer of Node is. */
class ClientBytes extends Uint8Array {}

/** Defects of delivery. */
export const DELIVERY_DEFECTS: Defects = {
  "delivery: what is published comes whole and once, and close ends the stream": [
    {
      defect: "cuts payloads at the first zero byte",
      make: () =>
        memory(onRec(({ payload }) => {
          const end = payload.indexOf(0);
          return end === -1 ? {} : { payload: payload.slice(0, end) };
        })),
      says: /payload of 256 bytes came as other 0 bytes/,
    },
    {
      defect: "hands on what its client calls bytes",
      make: () => memory(onRec(({ payload }) => ({ payload: new ClientBytes(payload) }))),
      says: /payload came as a ClientBytes/,
    },
    {
      defect: "loses headers",
      make: () => memory(onRec(() => ({ headers: [] }))),
      says: /metadata test 'number \d+' came as 'undefined'/,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "stamps messages with the time of their delivery",
      make: () => memory(onRec(() => ({ time: Date.now() }))),
      says: /time 2023/,
    },
    {
      defect: "drops the last of each large batch, and confirms it",
      make: () => memory(storesOnly((_, at) => at < 10)),
      says: /13 of 23 messages did not come, '[-0-9a-f]+' first/,
      waits: true,
    },
    {
      defect: "loses keys",
      make: () => memory(onRec(() => ({ key: "" }))),
      says: /key 'key \d ü' came as ''/,
    },
    {
      defect: "adds a header of its own",
      make: () => memory(onRec(({ headers }) => ({ headers: [...headers, ["x-broker", "1"]] }))),
      says: /metadata x-broker came and was not published/,
    },
    {
      defect: "does not end a stream that is closed",
      make: () => memory(same, onStream(() => ({ close: () => Promise.resolve() }))),
      says: /The end of a closed stream did not happen/,
      waits: true,
    },
  ],
  "delivery: many publishers and members, each message comes to one of them": [
    {
      defect: "drops the last of each large batch, and confirms it",
      make: () => memory(storesOnly((_, at) => at < 10)),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "gives everything to every member",
      make: () => {
        let members = 0;
        return memory(onSpec((spec) => ({ ...spec, group: `all-${members++}` })));
      },
      says: /deliveries are duplicates, 0 may be/,
    },
  ],
  "delivery: what is nacked comes again, and nothing else does": [
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /20 of 22 deliveries came, of '.*' last/,
      waits: true,
    },
    {
      defect: "gives out all of a fetch again when one of it is nacked",
      make: () =>
        shelf(onSource((source) => {
          let fetched: readonly Delivery[] = [];
          return {
            fetch: async (...args) => fetched = await source.fetch!(...args),
            requeue: (items) =>
              source.requeue!(fetched.map((delivery) => ({ ...items[0]!, delivery }))),
          };
        })),
      says: /What came again must be/,
    },
    {
      defect: "loses the last of each large batch, and delivers the others twice",
      make: () => memory((transport) => storesOnly((_, at) => at < 19)(onFetch(twice)(transport))),
      says: /1 of 20 messages did not come/,
      waits: true,
    },
  ],
  "delivery: after every nack comes another delivery, across members that close": [
    {
      defect: "loses what is given back when a member closes",
      make: () =>
        shelf(onSource((source) => ({
          close: async () => {
            await source.ack(await source.fetch!(100, () => false, AbortSignal.timeout(50)));
            await source.close();
          },
        }))),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /deliveries are duplicates, 0 may be/,
    },
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /10 of 20 deliveries came/,
      waits: true,
    },
  ],
};
