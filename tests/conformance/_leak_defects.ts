import type { Server } from "node:net";
import process from "node:process";
import { deliversNothing, memory, onSource } from "./_broken.ts";
import type { Defects } from "./_defects.ts";

/** Defects of what stays after the end. The handle is found where the platform tells of handles. */
export const LEAK_DEFECTS: Defects = {
  "leaks: no timer and no handle is left after close": [
    {
      defect: "leaves a timer behind",
      make: () => {
        const timers: ReturnType<typeof setInterval>[] = [];
        return {
          ...memory(onSource(() => {
            timers.push(setInterval(() => {}, 10_000));
            return {};
          })),
          end: () => timers.forEach((timer) => clearInterval(timer)),
        };
      },
      says: /Timers that run after close must be 0: it is 2/,
    },
    {
      defect: "leaves a listener behind",
      make: () => {
        const listeners: Server[] = [];
        return {
          ...memory(onSource((source) => {
            const { createServer } = process.getBuiltinModule("node:net");
            const listener = createServer().listen(0, "127.0.0.1");
            const listens = new Promise<void>((resolve) => listener.once("listening", resolve));
            listeners.push(listener);
            return {
              async fetch(...args) {
                await listens;
                return await source.fetch!(...args);
              },
            };
          })),
          end: () => listeners.forEach((listener) => listener.close()),
        };
      },
      says: /handles are open after close, \d+ were before/,
    },
    {
      defect: "delivers nothing",
      make: () => memory(deliversNothing),
      says: /0 of 40 deliveries came/,
      waits: true,
    },
    {
      defect: "delivers nothing to a second group",
      make: () =>
        memory(onSource((source, { group }) => ({
          fetch: async (...args) => {
            const deliveries = await source.fetch!(...args);
            return group === "waiting" ? [] : deliveries;
          },
        }))),
      says: /0 of 1 deliveries came/,
      waits: true,
    },
  ],
};
