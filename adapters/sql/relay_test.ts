import { MemoryBroker } from "@beat/beat/memory";
import {
  CloseTimeoutError,
  Message,
  type Publisher,
  PublishError,
  type Rec,
} from "@beat/beat/message";
import { publisher } from "@beat/beat/transport";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  deadRows,
  discardDeadRows,
  fromSqlite,
  migrate,
  publishInTx,
  relay,
  replayDeadRows,
  type SqlConnection,
  sqlTransport,
  sweep,
} from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";
import { openHandle } from "./testdata/servers.ts";
import { ACK } from "./testdata/stopping.ts";

onEveryDatabase((name, fresh) => {
  describe("relay()", () => {
    it("publishes what was committed, to its own topic, as it was", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const broker = new Broker();
        const message = new Message(new Uint8Array([0, 255]), {
          key: "7",
          metadata: new Map([["a", "é"]]),
        });
        await connection.transaction((session) =>
          publishInTx(session, "orders", message, { prefix })
        );
        await connection.transaction((session) => publishInTx(session, "bills", [], { prefix }));
        await rolledBack(connection, prefix);
        const running = await relay({ connection, prefix, publisher: broker.publisher });
        await broker.has(1);
        const [rec] = broker.of("orders");
        assertEquals([rec!.id, rec!.key, [...rec!.payload]], [message.uuid, "7", [0, 255]]);
        assertEquals([...rec!.headers], [["a", "é"]]);
        await running.close();
      });
    });

    it("shares its work with another, and keeps the order of keys", async () => {
      const made = await fresh();
      await using(made, 2, async ([one, two]) => {
        const { prefix } = made;
        const messages = Array.from(
          { length: 300 },
          (_, at) => new Message(String(at), { key: `k${at % 5}` }),
        );
        await publisher(sqlTransport({ connection: one!.connection, prefix }))
          .publish("orders", messages);
        const broker = new Broker();
        const options = { prefix, publisher: broker.publisher, pollInterval: 5 };
        const first = await relay({ ...options, connection: one!.connection });
        const second = await relay({ ...options, connection: two!.connection });
        await broker.has(300);
        await first.close();
        await second.close();
        const numbers = Map.groupBy(broker.of("orders"), ({ key }) => key);
        assertEquals(broker.of("orders").length, 300);
        for (const [key, recs] of numbers) {
          const order = recs.map(textOf).map(Number);
          assertEquals(order, [...order].sort((a, b) => a - b), key);
        }
      });
    });

    const onServers = name === "SQLite" ? it.skip : it;
    onServers("publishes what is committed in another order than it was written", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const broker = new Broker();
        const options = { connection, prefix, publisher: broker.publisher, pollInterval: 5 };
        const running = await relay(options);
        // MariaDB lets a relay that is new wait for whatever is not committed yet.
        await publisher(sqlTransport({ connection, prefix })).publish("orders", new Message("old"));
        await broker.has(1);
        const written = Promise.withResolvers<void>();
        const later = Promise.withResolvers<void>();
        const first = connection.transaction(async (session) => {
          await publishInTx(session, "orders", new Message("first"), { prefix });
          written.resolve();
          await later.promise;
        });
        await written.promise;
        await connection.transaction((session) =>
          publishInTx(session, "orders", new Message("second"), { prefix })
        );
        await broker.has(2);
        later.resolve();
        await first;
        await broker.has(3);
        assertEquals(broker.of("orders").map(textOf), ["old", "second", "first"]);
        await running.close();
      });
    });

    it("that ends between publishing and its ack publishes again under the same id", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        await publisher(sqlTransport({ connection, prefix })).publish("orders", new Message("x"));
        const broker = new Broker();
        const cut = failing(connection, ACK);
        const options = { prefix, publisher: broker.publisher, pollInterval: 5, lease: 300 };
        const killed = await relay({ ...options, connection: cut });
        await broker.has(1);
        await assertRejects(() => killed.close({ timeout: 1 }), CloseTimeoutError);
        const next = await relay({ ...options, connection });
        await broker.has(2);
        await next.close();
        const [first, second] = broker.of("orders");
        assertEquals(first!.id, second!.id);
      });
    });

    it("that ends between a claim and publishing leaves it to the next", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        await publisher(sqlTransport({ connection, prefix })).publish("orders", new Message("x"));
        const called = Promise.withResolvers<void>();
        const hanging = {
          publish() {
            called.resolve();
            return new Promise<void>(() => {});
          },
        } as unknown as Publisher;
        const options = { connection, prefix, pollInterval: 5, lease: 300 };
        const killed = await relay({ ...options, publisher: hanging });
        await called.promise;
        await assertRejects(() => killed.close({ timeout: 10 }));
        const broker = new Broker();
        const next = await relay({ ...options, publisher: broker.publisher });
        await broker.has(1);
        await next.close();
      });
    });

    it("puts aside what is refused, with the reason, and goes on; replay brings it back", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const broker = new Broker();
        let isRefusing = true;
        const choosy: Publisher = {
          ...broker.publisher,
          async publish(topic, messages, options) {
            const [message] = [messages].flat() as Message[];
            if (isRefusing && message!.text() === "poison") {
              const cause = new RangeError("too large");
              throw new PublishError(topic, [{ index: 0, cause, outcome: "rejected" }], 1);
            }
            await broker.publisher.publish(topic, messages, options);
          },
        };
        const texts = ["poison", "next"];
        await publisher(sqlTransport({ connection, prefix }))
          .publish("orders", texts.map((text) => new Message(text, { key: "7" })));
        const failures: [number, boolean][] = [];
        const running = await relay({
          connection,
          prefix,
          publisher: choosy,
          attempts: 2,
          pollInterval: 5,
          onFailure: ({ attempt, isDead }) => failures.push([attempt, isDead]),
        });
        await broker.has(1);
        assertEquals(broker.of("orders").map(textOf), ["next"]);
        assertEquals(failures, [[1, false], [2, true]]);
        const [dead, ...others] = await deadRows(connection, { prefix });
        assertEquals(others, []);
        assertEquals([dead!.topic, dead!.reason], ["orders", "RangeError: too large"]);
        assertEquals(textOf(dead!.rec), "poison");
        assertEquals((await sweep(connection, { prefix })).messages, 0);

        isRefusing = false;
        assertEquals(await replayDeadRows(connection, [dead!.seq], { prefix }), 1);
        await broker.has(2);
        assertEquals(broker.of("orders").map(textOf), ["next", "poison"]);
        assertEquals(await replayDeadRows(connection, "all", { prefix }), 0);
        assertEquals(await discardDeadRows(connection, "all", { prefix }), 0);
        await running.close();
      });
    });

    it("tries without end what the broker could not be asked for", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const broker = new Broker();
        let calls = 0;
        const flaky: Publisher = {
          ...broker.publisher,
          async publish(topic, messages, options) {
            if (++calls <= 3) throw new Error("gone");
            await broker.publisher.publish(topic, messages, options);
          },
        };
        await publisher(sqlTransport({ connection, prefix })).publish("orders", new Message("x"));
        const running = await relay({ connection, prefix, publisher: flaky, attempts: 1 });
        await broker.has(1);
        assertEquals(await deadRows(connection, { prefix }), []);
        await running.close();
      });
    });

    it("relays the topics that it is told to", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const out = publisher(sqlTransport({ connection, prefix }));
        await out.publish("inner", new Message("no"));
        await out.publish("orders", new Message("yes"));
        await out.publish("bills", new Message("yes"));
        const broker = new Broker();
        const topics = ["orders", "bills"];
        const running = await relay({ connection, prefix, publisher: broker.publisher, topics });
        await broker.has(2);
        await running.close();
        assertEquals(broker.topics.sort(), ["bills", "orders"]);
      });
    });
  });

  describe("sweep()", () => {
    it("removes what is past its time, and nothing that a group has not settled", async () => {
      const made = await fresh();
      await using(made, 1, async ([{ connection }]) => {
        const { prefix } = made;
        const transport = sqlTransport({ connection, prefix });
        await transport.admin.create("short", { retentionMs: 0 });
        const out = publisher(transport);
        await out.publish("short", new Message("settled by nobody's group"));
        const spec = { topic: "short", group: "g", from: "latest", prefetch: 1, ordered: false };
        const source = await transport.source(spec as never, undefined as never);
        await out.publish("short", new Message("waits"));
        await out.publish("long", new Message("stays"));
        await untilLater(connection);
        assertEquals(await sweep(connection, { prefix }), { messages: 1, marks: 0 });
        assertEquals((await transport.peek("short", 9)).map(textOf), ["waits"]);
        assertEquals((await transport.peek("long", 9)).map(textOf), ["stays"]);
        await source.close();
      });
    });
  });
});

describe("relay()", () => {
  it("refuses what it cannot work with", async () => {
    const connection = fromSqlite(await openHandle());
    await migrate(connection);
    const broker = new Broker();
    const refused: [options: object, says: string][] = [
      [{ publisher: {} }, "'publisher' must be a publisher"],
      [{ workers: 0 }, "'workers' must be an integer of at least 1"],
      [{ topics: "orders" }, "'topics' must be an array of topics"],
      [{ speed: 1 }, "option 'speed' is unknown"],
      [{ prefix: "a b" }, "'prefix' must be"],
    ];
    for (const [options, says] of refused) {
      const all = { connection, publisher: broker.publisher, ...options };
      await assertRejects(() => relay(all as never), Error, says);
    }
  });
});

/** A broker that says what it has. */
class Broker {
  readonly #broker = new MemoryBroker();
  readonly publisher: Publisher;
  #count = 0;
  #waiting: (() => void)[] = [];

  constructor() {
    const inner = publisher(this.#broker);
    this.publisher = {
      publish: async (topic, messages, options) => {
        await inner.publish(topic, messages, options);
        this.#count += [messages].flat().length;
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
      close: () => inner.close(),
      [Symbol.asyncDispose]: () => inner.close(),
    };
  }

  get topics(): string[] {
    return ["orders", "bills", "inner"].filter((topic) => this.of(topic).length > 0);
  }

  of(topic: string): Rec[] {
    return this.#broker.history(topic);
  }

  async has(count: number): Promise<void> {
    while (this.#count < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** A connection on which some statements never get through. */
function failing(connection: SqlConnection, statements: RegExp): SqlConnection {
  const guard = (sql: string) => {
    if (statements.test(sql)) throw new Error("The connection was cut");
  };
  return {
    dialect: connection.dialect,
    query(sql, values) {
      guard(sql);
      return connection.query(sql, values);
    },
    transaction: (work) =>
      connection.transaction((session, tx) =>
        work({
          dialect: session.dialect,
          query(sql, values) {
            guard(sql);
            return session.query(sql, values);
          },
        }, tx)
      ),
  };
}

async function rolledBack(connection: SqlConnection, prefix: string): Promise<void> {
  const failure = new Error("never mind");
  await assertRejects(async () => {
    await connection.transaction((session) => {
      const written = publishInTx(session, "orders", new Message("not this"), { prefix });
      if (written as unknown === undefined) throw failure;
      return written.then(() => {
        throw failure;
      });
    });
  });
}

/** Waits until the database's clock has moved on. */
async function untilLater(connection: SqlConnection): Promise<void> {
  const now = async () => {
    const [row] = await connection.query(`SELECT ${connection.dialect.now} AS t`, []);
    return Number(row!.t);
  };
  const start = await now();
  while (await now() <= start + 1) assert(true);
}

function textOf({ payload }: Rec): string {
  return new TextDecoder().decode(payload);
}
