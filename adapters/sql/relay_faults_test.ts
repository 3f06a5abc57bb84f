import { Message } from "@beat/beat/message";
import { compareLogs, type Produced } from "@beat/beat/testing";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Child } from "../../tests/faults/child.ts";
import {
  deadRows,
  migrate,
  publishInTx,
  relay,
  replayDeadRows,
  sqlPublisher,
  sqlTransport,
} from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { STOPS } from "./testdata/stopping.ts";

const SCRIPT = new URL("./testdata/stopping_relay.ts", import.meta.url);
const TOTAL = 6;

onEveryDatabase((name, fresh) => {
  // What happens to the rows is the same for both clients.
  if (name.endsWith("by pg")) return;

  describe("relay(), when its process is killed", () => {
    for (const stop of STOPS) {
      it(`${stop.name}, loses nothing and keeps the order of keys`, async () => {
        const made = await fresh();
        await using(made, 1, async ([{ connection }]) => {
          const { prefix, at } = made;
          const broker = `${prefix}b_`;
          await migrate(connection, { prefix: broker });
          const messages = Array.from(
            { length: TOTAL },
            (_, index) => new Message(String(index), { key: `k${index % 2}` }),
          );
          await connection.transaction((tx) => publishInTx(tx, "orders", messages, { prefix }));

          const child = new Child(SCRIPT, [...at, prefix, broker, stop.name]);
          await child.says(stop.name);
          await child.kill();
          const dead = await deadRows(connection, { prefix });
          assertEquals(await replayDeadRows(connection, "all", { prefix }), dead.length);

          const publisher = sqlPublisher({ connection, prefix: broker });
          const heir = await relay({ connection, prefix, publisher, pollInterval: 5 });
          const left = () => connection.query(`SELECT seq FROM ${prefix}deliveries`, []);
          while ((await left()).length > 0) await new Promise((go) => setTimeout(go, 5));
          await heir.close();

          const stored = await sqlTransport({ connection, prefix: broker }).peek("orders", 100);
          const produced = messages.map(({ uuid, key }) => ({ id: uuid, key, outcome: "acked" }));
          const duplicates = stop.mayRepeat ? TOTAL : 0;
          const faults = compareLogs(produced as Produced[], stored, { ordered: true, duplicates });
          assertEquals(faults, []);
        });
      });
    }
  });
});
