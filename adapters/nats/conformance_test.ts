import { describe, it } from "@std/testing/bdd";
import { conformance, type ConformanceOptions } from "@beat/beat/testing";
import { Proxy } from "../../tests/faults/proxy.ts";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore, natsTransport } from "./mod.ts";

const LEASE = 3_000;
/** Milliseconds that an answer may take of a server that writes each message to the disk. */
const TIMEOUT = 4_000;
const DEADLINE = 30_000;
/** A server takes 1 MiB, of which headers may need some. */
const MAX_PAYLOAD = 1_048_576 - 4_096;

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

withService("nats", "BEAT_NATS_URL", ({ url, restart }) => {
  // A server of somebody else is not restarted: to the suite it is as if it could not be.
  const restarting = restart === undefined ? { inProcess: true } : { restartBroker: restart };
  const common = { test: it, maxPayload: MAX_PAYLOAD, deadline: DEADLINE, short, ...restarting };

  for (
    const [name, partitions, keyOrder] of [
      ["JetStream", 1, "member"],
      ["JetStream in partitions", 4, "group"],
    ] as const
  ) {
    describe(name, () => {
      const { servers, freezeNetwork } = freezable(url);
      const connect = async () => {
        const options = { lease: LEASE, partitions, timeout: TIMEOUT };
        return natsTransport({ servers: await servers, ...options });
      };
      conformance({
        ...common,
        connect,
        freezeNetwork,
        traits: {
          settle: "each",
          requeue: "broker",
          lease: LEASE,
          counts: true,
          retained: true,
          groups: true,
          keyOrder,
        },
        async topic({ test, name }) {
          const transport = await connect();
          // A backlog that is large and need not survive anything.
          const isLarge = test.startsWith("backpressure");
          await transport.admin.create(name, isLarge ? { persistence: "ephemeral" } : {});
          await transport.close();
          return name;
        },
      });
    });
  }

  describe("core NATS", () => {
    const { servers, freezeNetwork } = freezable(url);
    conformance({
      ...common,
      connect: async () => natsCore({ servers: await servers, timeout: TIMEOUT }),
      freezeNetwork,
      traits: {
        settle: "none",
        requeue: "engine",
        lease: 0,
        counts: false,
        retained: false,
        groups: true,
        keyOrder: "member",
      },
    });
  });
});

/** A network between here and the server, which can be frozen. */
function freezable(
  url: string,
): Required<Pick<ConformanceOptions, "freezeNetwork">> & { servers: Promise<string> } {
  const opening = Proxy.open(url);
  return {
    servers: opening.then((proxy) => proxy.url),
    async freezeNetwork() {
      const thaw = (await opening).freeze();
      return () => Promise.resolve(thaw());
    },
  };
}
