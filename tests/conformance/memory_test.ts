import { describe, it } from "@std/testing/bdd";
import { MemoryBroker } from "../../src/memory/mod.ts";
import { conformance } from "../../src/testing/mod.ts";
import { connectTo } from "./_connection.ts";
import { Network } from "./_network.ts";

const broker = new MemoryBroker({ defaults: { maxMessages: 2 ** 18 } });
const { traits } = broker;
const times = { deadline: 10_000, quiet: 20 };

describe("MemoryBroker", () => {
  conformance({
    test: it,
    connect: () => connectTo(broker),
    traits,
    inProcess: true,
    ...times,
  });
});

describe("MemoryBroker behind a network that fails", () => {
  const network = new Network(broker);
  conformance({
    test: it,
    connect: () => network.connect(),
    restartBroker: (whileDown) => network.restart(whileDown),
    freezeNetwork: () => network.freeze(),
    maxPayload: network.maxPayload,
    traits,
    short: true,
    ...times,
  });
});
