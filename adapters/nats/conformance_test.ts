import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import type { Traits } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore, natsTransport } from "./mod.ts";

const LEASE = 4_000;
/** Milliseconds that a server may take which writes each message to the disk. */
const DEADLINE = 60_000;
/** A server takes 1 MiB, of which headers may need some. */
const MAX_PAYLOAD = 1_048_576 - 4_096;

const TRAITS: Traits = {
  settle: "each",
  requeue: "broker",
  lease: LEASE,
  counts: true,
  retained: true,
  groups: true,
  keyOrder: "member",
};

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

withService("nats", "BEAT_NATS_URL", ({ url, restart }) => {
  const restarting = restart === undefined ? {} : { restartBroker: restart };

  for (
    const [name, partitions, keyOrder] of [
      ["JetStream", 1, "member"],
      ["JetStream in partitions", 4, "group"],
    ] as const
  ) {
    const connect = () =>
      natsTransport({ servers: url, lease: LEASE, partitions, timeout: DEADLINE });
    describe(name, () => {
      conformance({
        test: it,
        connect,
        traits: { ...TRAITS, keyOrder },
        async topic({ test, name }) {
          const transport = connect();
          // A backlog that is large and need not survive anything.
          const isLarge = test.startsWith("backpressure");
          await transport.admin.create(name, isLarge ? { persistence: "ephemeral" } : {});
          await transport.close();
          return name;
        },
        maxPayload: MAX_PAYLOAD,
        ...restarting,
        short,
        deadline: DEADLINE,
      });
    });
  }

  describe("core NATS", () => {
    conformance({
      test: it,
      connect: () => natsCore({ servers: url }),
      traits: {
        settle: "none",
        requeue: "engine",
        lease: 0,
        counts: false,
        retained: false,
        groups: true,
        keyOrder: "member",
      },
      maxPayload: MAX_PAYLOAD,
      ...restarting,
      short,
      deadline: DEADLINE,
    });
  });
});
