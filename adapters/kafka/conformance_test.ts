import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import { withService } from "../../tests/_services/mod.ts";
import { kafkaTransport } from "./mod.ts";

/** Milliseconds after which the group goes on without a member that is gone. */
const SESSION = 3_000;
const MAX_PAYLOAD = 2 ** 20 - 4_096;

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

withService("kafka", "BEAT_KAFKA_URL", ({ url, restart }) => {
  // A server of somebody else is not restarted: to the suite it is as if it could not be.
  const restarting = restart === undefined ? { inProcess: true } : { restartBroker: restart };
  const connect = () =>
    kafkaTransport({ brokers: url, sessionTimeout: SESSION, maxPayload: MAX_PAYLOAD });

  describe("Kafka", () => {
    conformance({
      test: it,
      connect,
      async topic({ name }) {
        const kafka = connect();
        await kafka.admin.create(name, { partitions: 4 });
        await kafka.close();
        return name;
      },
      maxPayload: MAX_PAYLOAD,
      traits: {
        settle: "prefix",
        requeue: "engine",
        lease: 0,
        counts: false,
        retained: true,
        groups: true,
        keyOrder: "group",
      },
      ...restarting,
      short,
    });
  });
});
