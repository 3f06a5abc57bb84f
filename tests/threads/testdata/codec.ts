// A handler whose data are big integers.
import { serve } from "../../../src/engines/worker.ts";
import { die } from "./die.ts";

const valueCodec = {
  encode: (data: unknown) => new TextEncoder().encode(String(data)),
  decode: (bytes: Uint8Array) => BigInt(new TextDecoder().decode(bytes)),
};

serve((bus) => {
  bus.on("double", ({ data }) => bus.emit("doubled", data as bigint * 2n));
  bus.on("die", () => die(3));
}, { valueCodec });
