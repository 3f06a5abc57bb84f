import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import type { Traits } from "@beat/beat/transport";
import { withService } from "../../tests/_services/mod.ts";
import { natsTransport } from "./mod.ts";

const LEASE = 2_000;
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
    const connect = () => natsTransport({ servers: url, lease: LEASE, partitions });
    describe(name, () => {
      conformance({
        test: it,
        connect,
        traits: { ...TRAITS, keyOrder },
        async topic({ name }) {
          const transport = connect();
          await transport.admin.create(name);
          await transport.close();
          return name;
        },
        maxPayload: MAX_PAYLOAD,
        ...restarting,
        short,
      });
    });
  }
});
