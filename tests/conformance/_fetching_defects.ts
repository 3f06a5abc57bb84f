import type { Lane } from "../../src/transport/port.ts";
import { after } from "../../src/transport/timer.ts";
import {
  type Break,
  deliversNothing,
  leasedShelf,
  memory,
  onFetch,
  onSource,
  shelf,
  twice,
} from "./_broken.ts";
import type { Defects } from "./_defects.ts";

const NEVER = new AbortController().signal;

/** Tells a lane that nobody has paused by name from all lanes. */
const ANY: Lane = { name: "any", fenced: false };

/** Ends a fetch that is aborted, and forgets that its broker has been asked. */
const abandons: Break = onSource((source) => ({
  fetch(room, paused, signal) {
    const aborted = new Promise<[]>((resolve) =>
      signal.addEventListener("abort", () => resolve([]))
    );
    return Promise.race([source.fetch!(room, paused, NEVER), aborted]);
  },
}));

/** Defects of how deliveries are asked for. */
export const FETCHING_DEFECTS: Defects = {
  "fetch: ends at once when its signal aborts, and nothing is lost that it had taken": [
    {
      defect: "does not look at the signal of a fetch",
      make: () =>
        memory(onSource((source) => ({
          fetch: (room, paused) => source.fetch!(room, paused, NEVER),
        }))),
      says: /The end of a fetch whose signal has aborted did not happen/,
      waits: true,
    },
    {
      defect: "looks at the signal of a fetch from time to time",
      make: () =>
        memory(onSource((source) => ({
          async fetch(...args) {
            const deliveries = await source.fetch!(...args);
            if (args[2].aborted) await new Promise<void>((resolve) => after(200, resolve));
            return deliveries;
          },
        }))),
      says: /A fetch ended [\d.]+ ms after its signal had aborted/,
    },
    {
      defect: "does not look at the signal of a fetch after its first delivery",
      make: () =>
        memory(onSource((source) => {
          let count = 0;
          return {
            async fetch(room, paused, signal) {
              const deliveries = await source.fetch!(room, paused, count > 0 ? NEVER : signal);
              count += deliveries.length;
              return deliveries;
            },
          };
        })),
      says: /The end of a fetch whose signal has aborted did not happen/,
      waits: true,
    },
    {
      defect: "loses what comes for a fetch that was aborted",
      make: () => shelf(abandons),
      says: /The delivery of 11 messages did not happen/,
      waits: true,
    },
    {
      defect: "delivers everything twice",
      make: () => memory(onFetch(twice)),
      says: /What came must be/,
    },
    {
      defect: "has what comes for a fetch that was aborted wait for the end of its lease",
      make: () => leasedShelf(abandons),
      says: /How much was delivered by a fetch that did not hand it over must be 0/,
    },
  ],
  "fetch: brings nothing of a lane that is paused, and all of it afterwards": [
    {
      defect: "does not look at the signal of a fetch while all lanes are paused",
      make: () =>
        memory(onSource((source) => ({
          fetch: (room, paused, signal) =>
            source.fetch!(room, paused, paused(ANY) ? NEVER : signal),
        }))),
      says: /The end of a fetch whose signal has aborted did not happen/,
      waits: true,
    },
    {
      defect: "does not look which lanes are paused",
      make: () =>
        memory(onSource((source) => ({
          fetch: (room, _paused, signal) => source.fetch!(room, () => false, signal),
        }))),
      says: /What came while all lanes were paused must be 0/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /The delivery of 30 messages did not happen/,
      waits: true,
    },
    {
      defect: "fetches nothing while one lane is paused",
      make: () =>
        memory(onSource((source) => ({
          fetch(room, paused, signal) {
            const seeing = new Set<boolean>();
            for (let lane = 0; lane < 16; lane++) {
              seeing.add(paused({ name: String(lane), fenced: false }));
            }
            return source.fetch!(room, seeing.has(true) ? () => true : paused, signal);
          },
        }))),
      says: /The delivery of \d+ messages did not happen/,
      waits: true,
    },
    {
      defect: "looks only whether all lanes are paused",
      make: () =>
        memory(onSource((source) => ({
          fetch: (room, paused, signal) =>
            source.fetch!(room, paused(ANY) ? paused : () => false, signal),
        }))),
      says: /What came of lane '\d+' while it was paused must be 0/,
    },
    {
      defect: "forgets a lane that was paused",
      make: () =>
        memory(onSource((source) => {
          const forgotten = new Set<string>();
          return {
            fetch(room, paused, signal) {
              const leavesOut = (lane: Lane) => {
                if (paused(lane) && !paused(ANY)) forgotten.add(lane.name);
                return paused(lane) || forgotten.has(lane.name);
              };
              return source.fetch!(room, leavesOut, signal);
            },
          };
        })),
      says: /The delivery of 60 messages did not happen/,
      waits: true,
    },
  ],
};
