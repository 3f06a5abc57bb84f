import { Message } from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Child } from "../../tests/faults/child.ts";
import { readKeyOrder } from "../../tests/faults/key_order.ts";
import { sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { joinGroup, LOG } from "./testdata/logging_member.ts";

const KEYS = Array.from({ length: 16 }, (_, at) => `key-${at}`);
const ROUNDS = 12;
/** Messages after which the process that will be killed stands still. */
const MOST = 24;
/** Longer than a busy machine may stop: who stands still for longer may be late with what it does. */
const LEASE = 4_000;
const SCRIPT = new URL("./testdata/logging_process.ts", import.meta.url);

onEveryDatabase((name, fresh) => {
  // What is done to rows is the same for both clients.
  const once = name.endsWith("by pg") ? it.skip : it;

  describe("the order of keys in a database", () => {
    once("holds in a group of two processes, one of which is killed", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix, at } = made;
        const out = publisher(sqlTransport({ connection, prefix }));
        const publish = async (from: number, to: number) => {
          for (let round = from; round < to; round++) {
            await out.publish("orders", KEYS.map((key) => new Message(String(round), { key })));
          }
        };
        const child = new Child(SCRIPT, [...at, prefix, String(LEASE), String(MOST)]);
        try {
          await publish(0, ROUNDS / 2);
          // It has what it will never settle.
          await child.says(`handled ${MOST + 1};`);
          const member = await joinGroup({ connection, prefix, lease: LEASE });
          await publish(ROUNDS / 2, ROUNDS);
          await child.kill();
          while ((await member.lag()).some(({ lag }) => lag > 0)) await turn();
          await member.close();
        } finally {
          await child.kill();
        }
        const rows = await connection.query(
          `SELECT message_key, payload FROM ${prefix}messages WHERE topic = ? ORDER BY seq`,
          [LOG],
        );
        const { faults, last } = readKeyOrder(rows.map(({ message_key, payload }) => {
          const text = new TextDecoder().decode(payload as Uint8Array<ArrayBuffer>);
          return [message_key as string, Number(text)];
        }));
        assertEquals(faults, []);
        assertEquals(last, new Map(KEYS.map((key) => [key, ROUNDS - 1])));
        await out.close();
      });
    });
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
