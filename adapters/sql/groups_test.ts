import { Message } from "@beat/beat/message";
import { consume, type Delivery, publisher, type Source } from "@beat/beat/transport";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { publishInTx, type SqlSession, sqlTransport } from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { Inbox } from "./testdata/inbox.ts";

/** More messages of one key than are looked at together, twice. */
const BACKLOG = 1_100;

onEveryDatabase((name, fresh) => {
  /** SQLite has one transaction at a time. */
  const onServers = name === "SQLite" ? it.skip : it;

  describe("groups", () => {
    onServers("lose nothing that is committed in another order than it was written", async () => {
      const made = await fresh();
      await using(made, 2, async ([{ connection }, other]) => {
        const { prefix } = made;
        const options = { connection: other!.connection, prefix, pollInterval: 5 };
        const member = await Inbox.open(sqlTransport(options), { topic: "t", group: "g" });
        const reader = await Inbox.open(sqlTransport(options), { topic: "t", from: "earliest" });
        const write = (text: string, gate: Gate, isKept = true) =>
          Promise.resolve(connection.transaction(async (session: SqlSession) => {
            await publishInTx(session, "t", new Message(text), { prefix });
            gate.written.resolve();
            await gate.end.promise;
            if (!isKept) throw new RollBack();
          })).catch(ignoreRollBack);
        const gates = [new Gate(), new Gate(), new Gate(), new Gate()];
        const ends: Promise<unknown>[] = [];
        for (const [at, gate] of gates.entries()) {
          ends.push(write(at === 2 ? "rolled back" : `tx${at}`, gate, at !== 2));
          await gate.written.promise;
        }
        for (const at of [3, 2, 1, 0]) {
          gates[at]!.end.resolve();
          await ends[at];
          if (at !== 2) await member.gets(`tx${at}`);
        }
        for (const at of [0, 1, 3]) await reader.gets(`tx${at}`);
        assertEquals([...member.texts].sort(), ["tx0", "tx1", "tx3"]);
        assertEquals([...reader.texts].sort(), ["tx0", "tx1", "tx3"]);
        await member.close();
        await reader.close();
      });
    });

    onServers("get what was written before they were made, and is committed after", async () => {
      const made = await fresh();
      await using(made, 2, async ([{ connection }, other]) => {
        const { prefix } = made;
        const gate = new Gate();
        const writing = connection.transaction(async (session: SqlSession) => {
          await publishInTx(session, "t", new Message("early"), { prefix });
          gate.written.resolve();
          await gate.end.promise;
        });
        await gate.written.promise;
        const member = await Inbox.open(
          sqlTransport({ connection: other!.connection, prefix, pollInterval: 5 }),
          { topic: "t", group: "g", from: "earliest" },
        );
        gate.end.resolve();
        await writing;
        await member.gets("early");
        assertEquals(member.texts, ["early"]);
        await member.close();
      });
    });

    it("keep the order of a key across members, one of which ends midway", async () => {
      const made = await fresh();
      await using(made, 3, async (clients) => {
        const { prefix } = made;
        const [out, one, two] = clients.map(({ connection }) =>
          sqlTransport({ connection, prefix, pollInterval: 5 })
        );
        const running = new Map<string, number>();
        const seen = new Map<string, number[]>();
        const beside: string[] = [];
        let handled = 0;
        const done = Promise.withResolvers<void>();
        const handle = async ([message]: readonly Message[]) => {
          const { key } = message!;
          if (running.get(key) === 1) beside.push(key);
          running.set(key, 1);
          // Others get a turn, to take what is not theirs.
          await new Promise((resolve) => setTimeout(resolve, 0));
          seen.set(key, [...seen.get(key) ?? [], Number(message!.text())]);
          running.set(key, 0);
          if (++handled === TOTAL) done.resolve();
        };
        const options = {
          topic: "t",
          group: "g",
          from: "earliest",
          workers: 4,
          ordered: "key",
        } as const;
        const first = await consume(one!, handle, options);
        const second = await consume(two!, handle, options);
        const publishing = publisher(out!);
        const messages = Array.from(
          { length: TOTAL },
          (_, at) => new Message(String(at), { key: `k${at % 7}` }),
        );
        await publishing.publish("t", messages.slice(0, TOTAL / 2));
        const rest = publishing.publish("t", messages.slice(TOTAL / 2));
        await first.close();
        await rest;
        await done.promise;
        assertEquals(beside, [], "two of a key at once");
        for (const [key, numbers] of seen) {
          assertEquals(numbers, [...numbers].sort((a, b) => a - b), key);
        }
        await second.close();
        await publishing.close();
      });
    });

    it("in order, bring what stands far behind a key that is delayed, and the key after that", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const transport = sqlTransport({ connection, prefix: made.prefix, pollInterval: 5 });
        const out = publisher(transport);
        let isDelayed = true;
        const seen: string[] = [];
        const came = Promise.withResolvers<void>();
        const all = Promise.withResolvers<void>();
        const member = await consume(transport, ([message]) => {
          if (isDelayed && message!.text() === "a0") throw new Error("not yet");
          seen.push(message!.text());
          if (message!.text() === "far") came.resolve();
          if (seen.length === 4) all.resolve();
        }, {
          ...{ topic: "t", group: "g", from: "earliest", ordered: "key" },
          retry: { delays: [500, 500] },
        });
        const pile = Array.from(
          { length: BACKLOG },
          (_, at) => new Message(`a${at}`, { key: "a" }),
        );
        await out.publish("t", [...pile, new Message("far", { key: "b" })]);
        await came.promise;
        assertEquals(seen, ["far"]);
        isDelayed = false;
        await all.promise;
        assertEquals(seen.slice(1, 4), ["a0", "a1", "a2"]);
        await member.close();
        await out.close();
      });
    });

    it("take over what a member had when its lease is over, whatever its own clock says", async () => {
      const made = await fresh();
      await using(made, 2, async ([one, two]) => {
        const { prefix } = made;
        const lease = 300;
        // A source that nobody prolongs: its process was killed.
        const dead = sqlTransport({ connection: one!.connection, prefix, lease, pollInterval: 5 });
        const spec = {
          topic: "t",
          group: "g",
          from: "earliest",
          prefetch: 1,
          ordered: false,
        } as const;
        const source = await dead.source(spec, undefined as never);
        await publisher(dead).publish("t", new Message("left behind"));
        const taken = await take(source);
        assertEquals(taken.count, 1);
        const clock = Date.now;
        Date.now = () => clock() - 3_600_000;
        try {
          const heir = await Inbox.open(
            sqlTransport({ connection: two!.connection, prefix, lease, pollInterval: 5 }),
            { topic: "t", group: "g" },
          );
          await heir.gets("left behind");
          assertEquals(heir.messages[0]!.attempt, 2);
          assert(heir.messages[0]!.redelivered);
          await heir.close();
        } finally {
          Date.now = clock;
        }
        await source.ack([taken]).then(
          () => assert(false, "a late ack passed"),
          (error) => assertEquals(error.name, "LeaseLostError"),
        );
        // The engine offers it again: what was told once is not told for ever.
        await source.ack([taken]);
        await source.close();
      });
    });

    it("do not let a late ack end what another member has by now", async () => {
      const made = await fresh();
      await using(made, 2, async (clients) => {
        const { prefix } = made;
        const [one, two] = clients.map(({ connection }) =>
          sqlTransport({ connection, prefix, lease: 50, pollInterval: 5 })
        );
        const spec = {
          topic: "t",
          group: "g",
          from: "earliest",
          prefetch: 1,
          ordered: false,
        } as const;
        const first = await one!.source(spec, undefined as never);
        const second = await two!.source(spec, undefined as never);
        await publisher(one!).publish("t", new Message("x"));
        const late = await take(first);
        const current = await take(second);
        assertEquals([late.count, current.count], [1, 2]);
        assertEquals(await first.extend!([late]), [late]);
        await assertRejects(() => first.ack([late]), Error, "lease");
        await assertRejects(() => first.transfer!(late, "dead", late.rec), Error, "lease");
        await first.requeue!([{ delivery: late, delay: 0, unstarted: true }]);
        assertEquals(await second.extend!([current]), []);
        await second.ack([current]);
        assertEquals((await second.lag!()).map(({ lag }) => lag), [0]);
        assertEquals(await one!.peek("dead", 1), []);
        await first.close();
        await second.close();
      });
    });

    it("that are removed while they are in use begin anew", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const transport = sqlTransport({ connection, prefix: made.prefix, pollInterval: 5 });
        const member = await Inbox.open(transport, { topic: "t", group: "g" });
        assertEquals(await transport.admin.removeGroup("t", "g"), true);
        await member.recovers();
        await publisher(transport).publish("t", new Message("after"));
        await member.gets("after");
        await member.close();
      });
    });
  });
});

const TOTAL = 200;

/** Fetches until there is something. */
async function take(source: Source): Promise<Delivery> {
  const never = new AbortController().signal;
  for (;;) {
    const [delivery] = await source.fetch!(1, () => false, never);
    if (delivery !== undefined) return delivery;
  }
}

/** Where a transaction waits for a test. */
class Gate {
  readonly written = Promise.withResolvers<void>();
  readonly end = Promise.withResolvers<void>();
}

class RollBack extends Error {}

function ignoreRollBack(error: unknown): void {
  if (!(error instanceof RollBack)) throw error;
}
