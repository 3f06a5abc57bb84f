import { conformance } from "@beat/beat/testing";
import { describe, it } from "@std/testing/bdd";
import { Hub, MAX_PAYLOAD } from "./testdata/hub.ts";

const hub = new Hub();
const connection = await hub.connect();
const { traits } = connection;
await connection.close();

describe("webhookTransport", () => {
  conformance({
    test: it,
    connect: () => hub.connect(),
    restartBroker: (whileDown) => hub.restart(whileDown),
    traits,
    maxPayload: MAX_PAYLOAD,
    short: true,
    // Retry-After knows whole seconds only: what is nacked takes one at least.
    deadline: 20_000,
    quiet: 20,
  });
});
