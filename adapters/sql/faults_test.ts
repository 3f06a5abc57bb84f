import { ClosedError, Message, PublishError } from "@beat/beat/message";
import { consume, publisher } from "@beat/beat/transport";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Child } from "../../tests/faults/child.ts";
import { Proxy } from "../../tests/faults/proxy.ts";
import { faultsOfRestart } from "../../tests/faults/restart.ts";
import { faultsOfSlowness } from "../../tests/faults/slow.ts";
import { type SqlConnection, sqlTransport } from "./mod.ts";
import { type Fresh, onEveryDatabase, using } from "./testdata/databases.ts";
import { Inbox } from "./testdata/inbox.ts";
import { open } from "./testdata/servers.ts";
import { makeUser } from "./testdata/users.ts";

/** Longer than a busy machine may stop, and short enough to be waited for. */
const LEASE = 2_000;
const GROUP = { topic: "orders", group: "all", from: "earliest" } as const;
const SCRIPT = new URL("./testdata/hanging_consumer.ts", import.meta.url);

onEveryDatabase((name, fresh) => {
  // What is done to rows is the same for both clients; what a network does is not.
  const once = name.endsWith("by pg") ? it.skip : it;
  /** The server of SQLite is the process itself: there is no network, and nobody is let in. */
  const onServers = name === "SQLite" ? it.skip : it;

  describe("A database as a broker, when something fails", () => {
    onServers("delivers again what was handled when the ack was lost on its way", async () => {
      await behindProxy(await fresh(), async ({ near, far, proxy, prefix }) => {
        await publish(near, prefix, "one");
        const attempts: number[] = [];
        const again = Promise.withResolvers<void>();
        let thaw = () => {};
        const options = { connection: far, prefix, lease: LEASE, pollInterval: 5 };
        const consumption = await consume(sqlTransport({ ...options, timeout: 1_000 }), ([one]) => {
          attempts.push(one!.attempt);
          if (attempts.length === 1) thaw = proxy.freeze();
          else again.resolve();
        }, {
          ...GROUP,
          reconnect: { initialDelay: 1 },
          onConnection({ kind }) {
            if (kind !== "lost") return;
            // The ack is in the cable that breaks.
            proxy.cut();
            thaw();
          },
        });
        await again.promise;
        assert(attempts[1]! > attempts[0]!);
        await consumption.close();
      });
    });

    onServers("notices a connection that is open by half, and makes it anew", async () => {
      await behindProxy(await fresh(), async ({ near, far, proxy, prefix }) => {
        const transport = sqlTransport({
          connection: far,
          prefix,
          pollInterval: 5,
          timeout: 1_000,
        });
        const causes: string[] = [];
        const lost = Promise.withResolvers<void>();
        const came = Promise.withResolvers<void>();
        const consumption = await consume(transport, () => came.resolve(), {
          ...GROUP,
          reconnect: { initialDelay: 1, maxDelay: 20 },
          onConnection({ kind, cause }) {
            if (kind !== "lost") return;
            causes.push(String(cause));
            lost.resolve();
          },
        });
        const thaw = proxy.freeze();
        await lost.promise;
        thaw();
        await publish(near, prefix, "one");
        await came.promise;
        assertStringIncludes(causes[0]!, "did not answer within 1000 ms");
        await consumption.close();
      });
    });

    once("delivers again what a process had that was killed, as a second attempt", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix, at } = made;
        await publish(connection, prefix, "one");
        const child = new Child(SCRIPT, [...at, prefix, String(LEASE)]);
        await child.says("attempt 1");
        await child.kill();
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        const heir = await Inbox.open(transport, GROUP);
        await heir.gets("one");
        assertEquals(heir.messages.map(({ attempt }) => attempt), [2]);
        await heir.close();
      });
    });

    once("keeps a message for a handler that takes longer than the lease", async () => {
      const made = await fresh();
      await using(made, 2, async (clients) => {
        const { prefix } = made;
        const [{ connection }] = clients;
        await publish(connection, prefix, "one");
        const release = Promise.withResolvers<void>();
        let calls = 0;
        const members = await Promise.all(clients.map((client) => {
          const options = { connection: client.connection, prefix, lease: LEASE, pollInterval: 5 };
          return consume(sqlTransport(options), async () => {
            calls++;
            await release.promise;
          }, GROUP);
        }));
        // The claim, and three times half a lease by the books of the database.
        for (let moves = 0, last = 0; moves < 4;) {
          const [row] = await connection.query(`SELECT visible_at FROM ${prefix}deliveries`, []);
          // A group that is new gets what was published before when it first looks.
          const until = Number(row?.visible_at ?? 0);
          if (until > last) moves++;
          last = until;
          await new Promise((go) => setTimeout(go, 5));
        }
        assertEquals(calls, 1);
        release.resolve();
        for (const member of members) await member.close();
        assertEquals(await connection.query(`SELECT seq FROM ${prefix}deliveries`, []), []);
      });
    });

    once("skips what was deleted while it was pending, and forgets it", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        await publish(connection, prefix, "one", "two");
        const texts: string[] = [];
        const both = Promise.withResolvers<void>();
        const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
        const member = await consume(transport, async ([message]) => {
          texts.push(message!.text());
          if (texts.length === 2) both.resolve();
          if (message!.text() === "two") return;
          await connection.query(`DELETE FROM ${prefix}messages WHERE id = ?`, [message!.uuid]);
          throw new Error("It comes again, or would");
        }, { ...GROUP, retry: { delays: [50] } });
        await both.promise;
        await untilSettled(connection, prefix);
        assertEquals(texts.sort(), ["one", "two"]);
        await member.close();
      });
    });

    once("names what the database has refused of a call, and stores the rest", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        await connection.query(limitPayloads(connection, prefix), []);
        const transport = sqlTransport({ connection, prefix });
        const out = publisher(transport);
        const messages = [
          new Message("first"),
          new Message(new Uint8Array(200), { key: "a" }),
          new Message("next of its key", { key: "a" }),
          new Message("last"),
        ];
        const error = await assertRejects(() => out.publish("orders", messages), PublishError);
        const failed = error.failed.map(({ index, outcome }) => [index, outcome]);
        assertEquals(failed, [[1, "rejected"], [2, "not-attempted"]]);
        await out.publish("orders", messages[2]!);
        const stored = await transport.peek("orders", 10);
        const decoder = new TextDecoder();
        const texts = stored.map(({ payload }) => decoder.decode(payload));
        assertEquals(texts, ["first", "last", "next of its key"]);
        await out.close();
      });
    });

    const onMariadb = name.startsWith("MariaDB") ? it : it.skip;
    onMariadb("refuses what does not fit into a packet, and stores what comes next", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const out = publisher(sqlTransport({ connection, prefix }));
        for (let round = 0; round < 3; round++) {
          const huge = new Message(new Uint8Array(2 ** 24));
          // The server says why, and may break the connection before that is here.
          await assertRejects(() => out.publish("orders", huge), PublishError);
          await out.publish("orders", new Message("one"));
        }
        await out.close();
      });
    });

    onServers("does not know what became of what broke on its way, and goes on", async () => {
      await behindProxy(await fresh(), async ({ near, far, proxy, prefix }) => {
        const transport = sqlTransport({ connection: far, prefix, timeout: 1_000 });
        const out = publisher(transport);
        await out.publish("orders", new Message("one"));
        const thaw = proxy.freeze();
        const publishing = () => out.publish("orders", new Message("two"));
        const unknown = await assertRejects(publishing, PublishError);
        assertEquals(unknown.failed.map(({ outcome }) => outcome), ["unknown"]);
        assertEquals((await transport.health({ signal: AbortSignal.timeout(1) })).ok, false);
        proxy.cut();
        thaw();
        await out.publish("orders", new Message("three"));
        const stored = await sqlTransport({ connection: near, prefix }).peek("orders", 10);
        assertEquals(stored.length >= 2, true);
        await out.close();
      });
    });

    onServers("loses nothing and keeps the order of keys by a slow network", async () => {
      await behindProxy(await fresh(), async ({ far, proxy, prefix }) => {
        proxy.slowDown(20);
        const transport = sqlTransport({ connection: far, prefix, pollInterval: 5 });
        assertEquals(await faultsOfSlowness({ transport, topic: "orders" }), []);
        proxy.slowDown(0);
      });
    });

    onServers(
      "loses nothing when its server is restarted in good order, idle or busy",
      async () => {
        const made = await fresh();
        // One of somebody else is not restarted.
        const { prefix, renew: restart } = made;
        if (restart === undefined) return;
        await using(made, 1, async ([{ connection }]) => {
          const transport = sqlTransport({ connection, prefix, pollInterval: 5 });
          const faults = await faultsOfRestart({ transport, topic: "orders", restart });
          assertEquals(faults, []);
        });
      },
    );

    onServers("tells of a user who may not connect any more, and goes on asking", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix, at: [client, url] } = made;
        const user = await makeUser(connection, url, `${prefix}user`);
        const own = await open(client, user.url);
        const causes: string[] = [];
        const thrice = Promise.withResolvers<void>();
        const transport = sqlTransport({ connection: own.connection, prefix, pollInterval: 5 });
        const consumption = await consume(transport, () => {}, {
          ...GROUP,
          reconnect: { initialDelay: 1, maxDelay: 20 },
          onConnection({ kind, cause }) {
            if (kind === "lost") causes.push(String(cause));
            if (causes.filter((one) => REFUSED.test(one)).length === 3) thrice.resolve();
          },
        });
        await user.revoke();
        await thrice.promise;
        await consumption.close();
        await own.close();
        await user.remove();
      });
    });

    onServers(
      "refuses what is published while it may only be read, and goes on when it may be written",
      async () => {
        const made = await fresh();
        await using(made, 1, async ([{ connection }]) => {
          const { prefix, at: [client, url] } = made;
          const user = await makeUser(connection, url, `${prefix}user`);
          const publish = async (text: string) => {
            const own = await open(client, user.url);
            const out = publisher(sqlTransport({ connection: own.connection, prefix }));
            try {
              await out.publish("orders", new Message(text));
            } finally {
              await out.close();
              await own.close();
            }
          };
          await user.mayWrite(false);
          try {
            const { failed } = await assertRejects(() => publish("one"), PublishError);
            assertEquals(failed.map(({ outcome }) => outcome), ["rejected"]);
          } finally {
            await user.mayWrite(true);
          }
          await publish("two");
          const stored = await sqlTransport({ connection, prefix }).peek("orders", 9);
          assertEquals(stored.map(({ payload }) => new TextDecoder().decode(payload)), ["two"]);
          await user.remove();
        });
      },
    );

    onServers("ends in its time when it is closed while its server does not answer", async () => {
      await behindProxy(await fresh(), async ({ far, proxy, prefix }) => {
        const transport = sqlTransport({ connection: far, prefix, pollInterval: 5 });
        const consumption = await consume(transport, () => {}, GROUP);
        const thaw = proxy.freeze();
        // Its server cannot be told, and it is closed all the same.
        await consumption.close({ timeout: 100 }).catch(() => {});
        await transport.close();
        thaw();
      });
    });

    onServers("ends at once when it is closed while it connects again", async () => {
      await behindProxy(await fresh(), async ({ far, proxy, prefix }) => {
        const transport = sqlTransport({ connection: far, prefix, pollInterval: 5 });
        const lost = Promise.withResolvers<void>();
        const consumption = await consume(transport, () => {}, {
          ...GROUP,
          reconnect: { initialDelay: 60_000, maxDelay: 60_000 },
          onConnection: ({ kind }) => kind === "lost" && lost.resolve(),
        });
        await proxy.close();
        await lost.promise;
        await consumption.close();
        await transport.close();
        await assertRejects(() => consume(transport, () => {}, GROUP), ClosedError);
      });
    });
  });
});

/** What a server says to who may not come in. */
const REFUSED = /not permitted to log in|Access denied|account is locked/i;

/** Two ways to a server: one straight, one by a network that fails on demand. */
interface Ways {
  readonly near: SqlConnection;
  readonly far: SqlConnection;
  readonly proxy: Proxy;
  readonly prefix: string;
}

async function behindProxy(made: Fresh, test: (ways: Ways) => Promise<void>): Promise<void> {
  const { prefix, at: [client, url] } = made;
  const proxy = await Proxy.open(url);
  const far = await open(client, proxy.url);
  try {
    await using(made, 1, async ([near]) => {
      await test({ near: near!.connection, far: far.connection, proxy, prefix });
    });
  } finally {
    await far.close();
    await proxy.close();
  }
}

/** Resolves when no queue has anything left. */
async function untilSettled(connection: SqlConnection, prefix: string): Promise<void> {
  const left = () => connection.query(`SELECT seq FROM ${prefix}deliveries`, []);
  while ((await left()).length > 0) await new Promise((go) => setTimeout(go, 5));
}

/** Publishes texts of one key. */
async function publish(
  connection: SqlConnection,
  prefix: string,
  ...texts: readonly string[]
): Promise<void> {
  const out = publisher(sqlTransport({ connection, prefix }));
  await out.publish("orders", texts.map((text) => new Message(text, { key: "one" })));
  await out.close();
}

/** The statement by which a database takes no payload of more than 100 bytes. */
function limitPayloads({ dialect }: SqlConnection, prefix: string): string {
  const messages = `${prefix}messages`;
  return dialect.name === "sqlite"
    ? `CREATE TRIGGER ${prefix}limit BEFORE INSERT ON ${messages} WHEN length(NEW.payload) > 100
      BEGIN SELECT RAISE(ABORT, 'too large'); END`
    : `ALTER TABLE ${messages} ADD CHECK (octet_length(payload) <= 100)`;
}
