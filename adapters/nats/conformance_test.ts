import { describe, it } from "@std/testing/bdd";
import { conformance, type ConformanceOptions } from "@beat/beat/testing";
import { Proxy } from "../../tests/faults/proxy.ts";
import { ConformanceRun } from "../../tests/_services/conformance_run.ts";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore, natsTransport } from "./mod.ts";

/** Tests in which a server is killed. */
const RESTARTS = /^(reconnect|publish):/;

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

/** Kinds of topics: their partitions, and among whom the order of a key holds there. */
const STREAMS = [
  ["JetStream", 1, "member"],
  ["JetStream in partitions", 4, "group"],
] as const;

const LEASE = short ? 2_000 : 3_000;
/** Milliseconds that an answer may take of a server that writes each message to the disk. */
const TIMEOUT = 3_000;
const DEADLINE = 60_000;
/** A server takes 1 MiB, of which headers may need some. */
const MAX_PAYLOAD = 1_048_576 - 4_096;

withService("nats", "BEAT_NATS_URL", ({ url, restart }) => {
  // A server of somebody else is not restarted: to the suite it is as if it could not be.
  const restarting = restart === undefined ? { inProcess: true } : { restartBroker: restart };
  const common = { maxPayload: MAX_PAYLOAD, deadline: DEADLINE, short, ...restarting };

  for (const [name, partitions, keyOrder] of short ? STREAMS.slice(0, 1) : STREAMS) {
    describe(name, () => {
      const { servers, ...network } = open(url);
      const connect = async () => {
        const options = { lease: LEASE, partitions, timeout: TIMEOUT };
        return natsTransport({ servers: await servers, ...options });
      };
      conformance({
        ...common,
        test: new ConformanceRun(it).test,
        connect,
        // The connection is the same.
        ...(partitions === 1 ? network : {}),
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
          // What need not survive anything is not written to the disk: thousands of messages, one by
          // one, keep a busy machine from hearing acks for longer than a lease.
          const persistence = RESTARTS.test(test) ? "persistent" : "ephemeral";
          await transport.admin.create(name, { persistence });
          await transport.close();
          return name;
        },
      });
    });
  }

  describe("core NATS", () => {
    const { servers, ...network } = open(url);
    conformance({
      ...common,
      test: new ConformanceRun(it).test,
      connect: async () => natsCore({ servers: await servers, timeout: TIMEOUT }),
      ...network,
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

/** A network between here and the server, which can be frozen where there is the time for it. */
function open(
  url: string,
): Pick<ConformanceOptions, "freezeNetwork"> & { servers: string | Promise<string> } {
  if (short) return { servers: url };
  const opening = Proxy.open(url);
  return {
    servers: opening.then((proxy) => proxy.url),
    async freezeNetwork() {
      const thaw = (await opening).freeze();
      return () => Promise.resolve(thaw());
    },
  };
}
