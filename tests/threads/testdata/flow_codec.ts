// A codec that can end its thread, for tests of flow buses with threads.
import { serve } from "../../../src/engines/worker.ts";

const valueCodec = {
  encode: (data: unknown) => new TextEncoder().encode(JSON.stringify(data)),
  decode(bytes: Uint8Array) {
    const data = JSON.parse(new TextDecoder().decode(bytes));
    if (data.text === "exit") process.exit(3);
    if (data.text === "refuse") throw new RangeError("the codec refuses");
    return data;
  },
};

serve((bus) => {
  bus.on("item", ({ data }) => bus.emit("seen", data));
}, { valueCodec });
