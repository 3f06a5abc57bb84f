import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import process from "node:process";
import { natsCore, natsTransport } from "./mod.ts";
import { GuardedServer } from "./testdata/guarded_server.ts";

/** Where the server is that tests can run one more of. */
const PROGRAM = process.env.BEAT_NATS_PROGRAM;
const TOPIC = "orders";

const KINDS = [
  ["JetStream", natsTransport, { group: "all" }],
  ["core NATS", natsCore, {}],
] as const;

for (const [name, make, group] of KINDS) {
  describe(`${name} with users`, () => {
    const test = PROGRAM === undefined ? it.skip : it;
    test("tells of a user who may not connect any more, and goes on when he may again", async () => {
      const server = await GuardedServer.start(PROGRAM!);
      const boss = natsTransport({ servers: server.url("boss") });
      while (!(await boss.health()).ok);
      if (name === "JetStream") await boss.admin.create(TOPIC);
      const guest = make({ servers: server.url("guest"), timeout: 2_000 });
      const refused = Promise.withResolvers<void>();
      const back = Promise.withResolvers<void>();
      const came = Promise.withResolvers<void>();
      let refusals = 0;
      const consumption = await consume(guest, () => came.resolve(), {
        topic: TOPIC,
        ...group,
        reconnect: { initialDelay: 1, maxDelay: 20 },
        onConnection({ kind, cause }) {
          if (/authorization/i.test(String(cause)) && ++refusals === 3) refused.resolve();
          if (kind === "recovered" && refusals >= 3) back.resolve();
        },
      });
      server.admit("boss");
      await refused.promise;
      server.admit("boss", "guest");
      await back.promise;
      const out = publisher(make({ servers: server.url("boss") }), { closeTransport: true });
      await out.publish(TOPIC, new Message("after"));
      await came.promise;
      assert(refusals >= 3);
      await consumption.close();
      await Promise.all([out.close(), guest.close(), boss.close()]);
      await server.end();
    });
  });
}
