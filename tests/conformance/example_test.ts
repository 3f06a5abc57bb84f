import { describe, it } from "@std/testing/bdd";
import { Shelf } from "../../examples/transport/shelf.ts";
import { shelfTransport } from "../../examples/transport/shelf_transport.ts";
import { conformance } from "../../src/testing/mod.ts";

describe("the transport of the docs", () => {
  const shelf = new Shelf();
  const connect = () => shelfTransport(shelf, 200);
  conformance({
    test: it,
    connect,
    inProcess: true,
    traits: connect().traits,
    short: true,
    deadline: 10_000,
    quiet: 20,
  });
});
