import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import { withService } from "../../tests/_services/mod.ts";
import { kafkaTransport } from "./mod.ts";

/** Milliseconds after which the group goes on without a member that is gone. */
const SESSION = 3_000;
/** Milliseconds without an answer after which a connection is given up. */
const TIMEOUT = 3_000;
const MAX_PAYLOAD = 2 ** 20 - 4_096;
/** Milliseconds that a server may take on a busy machine, which recovers its logs when it starts. */
const DEADLINE = 60_000;

/** Only Deno takes the time for the whole of it. */
const short = !("Deno" in globalThis);

withService("kafka", "BEAT_KAFKA_URL", ({ url, restart, freeze }) => {
  // A server of somebody else is not restarted: to the suite it is as if it could not be. What a client
  // does when its broker goes is told by one runtime, as each restart takes seconds.
  const restarting = short || restart === undefined || freeze === undefined
    ? { inProcess: true }
    : { restartBroker: restart, freezeNetwork: freeze };
  const connect = () =>
    kafkaTransport({
      brokers: url,
      sessionTimeout: SESSION,
      timeout: TIMEOUT,
      maxPayload: MAX_PAYLOAD,
    });

  describe("Kafka", () => {
    /** The test of each topic that is there. */
    const testOf = new Map<string, string>();
    conformance({
      test: it,
      connect,
      async topic({ test, name }) {
        const kafka = connect();
        const { admin } = kafka;
        // A server that was killed recovers each log that is there, which takes its time.
        const isOver = (topic: string) => testOf.get(topic) !== test;
        const over = [...testOf.keys()].filter(isOver);
        for (const topic of over) testOf.delete(topic);
        await Promise.all(over.map((topic) => admin.remove(topic)));
        testOf.set(name, test);
        await admin.create(name, { partitions: 3 });
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
      deadline: DEADLINE,
    });
  });
});
