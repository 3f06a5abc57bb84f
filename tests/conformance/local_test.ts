import { describe, it } from "@std/testing/bdd";
import { createAsyncBus } from "../../src/engines/async.ts";
import { createSyncBus } from "../../src/engines/sync.ts";
import { localTransport } from "../../src/local/mod.ts";
import { conformance } from "../../src/testing/mod.ts";

for (const [name, create] of [["sync", createSyncBus], ["async", createAsyncBus]] as const) {
  describe(`messages on a bus, ${name}`, () => {
    const bus = create();
    const connect = () => localTransport(bus, { capacity: 2 ** 18 });
    conformance({
      test: it,
      connect,
      inProcess: true,
      traits: connect().traits,
      deadline: 10_000,
      quiet: 20,
    });
  });
}
