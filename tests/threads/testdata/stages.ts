// Stages, for tests of flow buses with threads.
import { serve } from "../../../src/engines/worker.ts";
import type { BusEvent } from "../../../mod.ts";

serve((bus) => {
  const seen: unknown[] = [];
  const sizes: number[] = [];

  bus.stages([
    (events) => {
      for (const { type, data } of events) {
        if (type.endsWith("throw")) throw new RangeError(`the stage threw ${data}`);
      }
    },
    (events) => {
      const others = events.filter(({ type }) => type !== "skip");
      if (others.some(({ type }) => type === "reject")) {
        return Promise.reject(new TypeError("the stage rejected"));
      }
      return others;
    },
    async (events) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return events.flatMap((event): BusEvent[] => {
        if (event.type === "many") return new Array(30).fill(event);
        if (event.type !== "double") return [event];
        const { data, ...rest } = event;
        return [event, { ...rest, data: `${data} again` }];
      });
    },
    async (events) => {
      if (events.every(({ type }) => type !== "last")) return;
      await new Promise((resolve) => setTimeout(resolve, 300));
    },
    (events) => {
      if (events.some(({ type }) => type === "garbage")) return [5 as never];
      if (events.some(({ type }) => type === "late")) throw new RangeError("the stage was late");
      sizes.push(events.length);
    },
  ]);
  bus.on("*", ({ type, data }) => {
    if (type !== "report" && type !== "reported") seen.push(data);
  });
  bus.on("last", () => {
    throw new RangeError("the handler came last");
  });
  bus.on("report", () => {
    bus.emit("reported", { seen: seen.splice(0), sizes: sizes.splice(0) });
  });
});
