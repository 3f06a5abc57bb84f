import { describe, it } from "@std/testing/bdd";
import { conformance } from "@beat/beat/testing";
import { ConformanceRun } from "../../tests/_services/conformance_run.ts";
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
    const run = new ConformanceRun(it);
    const remove = async (topics: readonly string[]) => {
      const kafka = connect();
      await Promise.all(topics.map((topic) => kafka.admin.remove(topic)));
      await kafka.close();
    };
    const nameOf = run.topics(remove);
    conformance({
      test: run.test,
      connect,
      async topic(context) {
        const name = await nameOf(context);
        const kafka = connect();
        await kafka.admin.create(name, { partitions: 3 });
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
