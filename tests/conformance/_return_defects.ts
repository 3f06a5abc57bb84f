import {
  acksNacks,
  deliversFirst,
  deliversNothing,
  memory,
  onRequeue,
  onSource,
  pushes,
  shelf,
  storesOnly,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** Defects of what is given back at the end. */
export const RETURN_DEFECTS: Defects = {
  "close: what no handler has seen goes back as it came, so that its next attempt is the first": [
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The call of the first handler did not happen/,
      waits: true,
    },
    {
      defect: "delivers one message, and nothing more",
      make: () =>
        memory((transport) =>
          onSource((source) => ({
            fetch: (_room, paused, signal) => source.fetch!(1, paused, signal),
          }))(deliversFirst(transport))
        ),
      says: /Nothing was taken while a handler ran within/,
      waits: true,
    },
    {
      defect: "takes a nack for an ack",
      make: () => shelf(acksNacks),
      says: /messages did not come/,
      waits: true,
    },
    {
      defect: "counts what no handler has seen",
      make: () => shelf(onRequeue((items) => items.map((one) => ({ ...one, unstarted: false })))),
      says: /The attempt with what came back must be 1: it is 2/,
    },
  ],
  "close: a source that was stopped hands over nothing more, and takes what is acked": [
    {
      defect: "delivers nothing",
      make: () => memory((transport) => pushes(deliversNothing(transport))),
      says: /Delivery number 1 did not happen/,
      waits: true,
    },
    {
      defect: "goes on when it is stopped",
      make: () =>
        memory((transport) =>
          onSource(() => ({ stop: () => Promise.resolve() }))(pushes(transport))
        ),
      says: /What came until it was stopped must be/,
    },
    {
      defect: "stores the first of a topic, and confirms all",
      make: () => {
        let count = 0;
        return memory((transport) => pushes(storesOnly(() => count++ === 0)(transport)));
      },
      says: /1 of 1 messages did not come/,
      waits: true,
    },
    {
      defect: "takes no acks",
      make: () =>
        memory((transport) =>
          pushes(onSource(() => ({ ack: () => Promise.resolve() }))(transport))
        ),
      says: /What was left for the next must be/,
    },
  ],
};
