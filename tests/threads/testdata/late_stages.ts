// A module that names its stages when it serves already.
import { serve } from "../../../src/engines/worker.ts";

serve((bus) => {
  bus.on("name", () => bus.stages([]));
});
