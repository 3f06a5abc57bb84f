// A module that cannot serve, though it has said what it would have subscribed.
import { serve } from "../../../src/engines/worker.ts";

serve((bus) => {
  bus.on("told", () => {}, { each: true });
  throw new RangeError("cannot serve");
});
