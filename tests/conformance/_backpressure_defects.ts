import { after } from "../../src/transport/timer.ts";
import { deliversFirst, deliversNothing, memory, onSource } from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** Defects of how much comes at a time. */
export const BACKPRESSURE_DEFECTS: Defects = {
  "backpressure: a slow consumer has no more in memory than its prefetch": [
    {
      defect: "fetches ten times as much as there is room for",
      make: () =>
        memory(onSource((source) => ({
          fetch: (room, paused, signal) => source.fetch!(10 * room, paused, signal),
        }))),
      says: /\d+ were taken, 32 may be/,
    },
    {
      defect: "fetches ten times as much as there is room for when its first messages are handled",
      make: () =>
        memory(onSource((source) => {
          let calls = 0;
          return {
            fetch: (room, ...rest) => source.fetch!(calls++ === 0 ? room : 10 * room, ...rest),
          };
        })),
      says: /\d+ were in memory, 32 may be/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 4 handlers began/,
      waits: true,
    },
    {
      defect: "delivers what it fetches first, and nothing more",
      make: () => memory(deliversFirst),
      says: /32 of 320 were handled/,
      waits: true,
    },
  ],
  "backpressure: a consumer that stands still holds up no other topic": [
    {
      defect: "fetches for one topic after the other",
      make: () => {
        let first: string | undefined;
        return memory(onSource((source, { topic }) => ({
          async fetch(room, paused, signal) {
            first ??= topic;
            if (first === topic) return await source.fetch!(room, paused, signal);
            await new Promise<void>((resolve) => void after(5, resolve));
            return [];
          },
        })));
      },
      says: /Past a topic that stands still, 20 of 20 messages did not come/,
      waits: true,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /Nothing came of the topic that is to stand still/,
      waits: true,
    },
  ],
};
