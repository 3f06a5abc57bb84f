// What the threads of a bundled app run.
import { serve } from "@beat/beat/worker";

serve<{ "text.added": string; "text.sized": number }>((bus) => {
  bus.on("text.added", ({ data }) => bus.emit("text.sized", data.length));
});
