import { Message, type Publisher, PublishError, type Rec } from "@beat/beat/message";
import { publisher, type Source, type SourceSpec } from "@beat/beat/transport";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  deadRows,
  discardDeadRows,
  relay,
  type RelayFailure,
  replayDeadRows,
  type SqlConnection,
  sqlStore,
  sqlTransport,
  sweep,
} from "./mod.ts";
import { onEveryDatabase, using } from "./testdata/databases.ts";

/** What every call here is given. */
interface Where {
  readonly connection: SqlConnection;
  readonly prefix: string;
}

onEveryDatabase((_name, fresh) => {
  const test = (run: (where: Where) => Promise<void>) => async () => {
    const made = await fresh();
    await using(made, 1, async ([opened]) => {
      await run({ connection: opened!.connection, prefix: made.prefix });
    });
  };

  const publish = async (where: Where, ...texts: readonly string[]) => {
    await publisher(sqlTransport(where)).publish("orders", texts.map((text) => new Message(text)));
  };

  describe("the options of relay()", () => {
    it(
      "bring all to each group, and have as many on their way as there are workers",
      test(async (where) => {
        const one = new Held();
        const other = new Held();
        const running = [
          await relay({ ...where, publisher: one, group: "one", workers: 2 }),
          await relay({ ...where, publisher: other, group: "other", workers: 1 }),
        ];
        await publish(where, "a", "b", "c");
        await one.has(2);
        await other.has(1);
        assertEquals([one.underWay, other.underWay], [2, 1]);
        one.go();
        other.go();
        await one.has(3);
        await other.has(3);
        for (const { texts } of [one, other]) assertEquals([...texts].sort(), ["a", "b", "c"]);
        for (const relaying of running) await relaying.close();
        assertEquals([one.most, other.most], [2, 1]);
      }),
    );

    it(
      "end it by a signal",
      test(async (where) => {
        const ending = new AbortController();
        const running = await relay({ ...where, publisher: new Held(), signal: ending.signal });
        ending.abort();
        await running.closed;
      }),
    );
  });

  describe("rows that a relay has put aside", () => {
    const refusing = async (where: Where, ...texts: readonly string[]) => {
      const failures = new Failures();
      const running = await relay({
        ...where,
        publisher: new Refusing(),
        attempts: 2,
        pollInterval: 5,
        onFailure: (failure) => failures.push(failure),
      });
      await publish(where, ...texts);
      await failures.hasDead(texts.length);
      const { connection, prefix } = where;
      while ((await deadRows(connection, { prefix })).length < texts.length);
      return { failures, running };
    };

    it(
      "have all their attempts again when they are replayed",
      test(async (where) => {
        const { failures, running } = await refusing(where, "one");
        const { connection, prefix } = where;
        assertEquals(await replayDeadRows(connection, "all", { prefix }), 1);
        await failures.hasDead(2);
        assertEquals(failures.attempts, [1, 2, 1, 2]);
        await running.close();
      }),
    );

    it(
      "are told in their order, as many as one asks for, and by the group that has them",
      test(async (where) => {
        const { running } = await refusing(where, "one", "two", "three");
        const { connection, prefix } = where;
        const limit = 2;
        const rows = await deadRows(connection, { prefix, limit });
        assertEquals(rows.map(({ rec }) => textOf(rec)), ["one", "two"]);
        assertEquals(await deadRows(connection, { prefix, group: "other" }), []);
        await running.close();
      }),
    );

    it(
      "are gone when they are discarded: those that were named, then all",
      test(async (where) => {
        const { running } = await refusing(where, "one", "two", "three");
        const { connection, prefix } = where;
        const [, two] = await deadRows(connection, { prefix });
        assertEquals(await discardDeadRows(connection, [two!.seq], { prefix }), 1);
        const left = await deadRows(connection, { prefix });
        assertEquals(left.map(({ rec }) => textOf(rec)), ["one", "three"]);
        assertEquals(await discardDeadRows(connection, "all", { prefix }), 2);
        assertEquals(await deadRows(connection, { prefix }), []);
        await running.close();
      }),
    );
  });

  describe("sweep()", () => {
    it(
      "removes so many at a time, and the marks that count no more",
      test(async (where) => {
        const { connection, prefix } = where;
        const transport = sqlTransport(where);
        await transport.admin.create("orders", { retentionMs: 0 });
        await publish(where, "one", "two", "three");
        const store = sqlStore(connection, { prefix });
        await store.claim("over", 0);
        await store.claim("held", 60_000);
        const swept: { messages: number; marks: number }[] = [];
        const total = (of: "messages" | "marks") => swept.reduce((sum, one) => sum + one[of], 0);
        // The clock of the database moves on meanwhile.
        while (total("messages") < 3 || total("marks") < 1) {
          swept.push(await sweep(connection, { prefix, limit: 2 }));
        }
        assertEquals(swept.some(({ messages }) => messages > 2), false);
        assertEquals(await sweep(connection, { prefix }), { messages: 0, marks: 0 });
        assertEquals(await transport.peek("orders", 9), []);
        assertEquals((await store.claim("held", 1)).kind, "in-flight");
      }),
    );
  });

  describe("sqlStore()", () => {
    it(
      "marks nothing as done for a claim that is over, though nobody else has come",
      test(async ({ connection, prefix }) => {
        const store = sqlStore(connection, { prefix });
        const result = await store.claim("k", 0);
        if (result.kind !== "claimed") throw new Error("The key is new");
        assertEquals(await store.done("k", result.claim, 60_000), false);
        assertEquals(await store.extend("k", result.claim, 60_000), false);
        assertEquals((await store.claim("k", 60_000)).kind, "claimed");
      }),
    );
  });

  describe("a member of a group", () => {
    it(
      "counts what it gives back only if a handler has seen it",
      test(async (where) => {
        const transport = sqlTransport({ ...where, pollInterval: 5 });
        const spec: SourceSpec = {
          topic: "orders",
          group: "g",
          from: "earliest",
          prefetch: 1,
          ordered: false,
        };
        const source = await transport.source(spec, undefined as never);
        await publish(where, "one");
        const counts: number[] = [];
        for (const unstarted of [true, true, false, false]) {
          const delivery = await take(source);
          counts.push(delivery.count);
          await source.requeue!([{ delivery, delay: 0, unstarted }]);
        }
        assertEquals(counts, [1, 1, 1, 2]);
        await source.close();
      }),
    );
  });
});

/** A publisher that has nothing stored until it may. */
class Held implements Publisher {
  readonly texts: string[] = [];
  underWay = 0;
  /** Most that were on their way at once. */
  most = 0;
  readonly #open = Promise.withResolvers<void>();
  #arrived = Promise.withResolvers<void>();

  async publish(_topic: string, messages: Message | readonly Message[]): Promise<void> {
    this.texts.push(...[messages].flat().map((message) => (message as Message).text()));
    this.most = Math.max(this.most, ++this.underWay);
    this.#arrived.resolve();
    await this.#open.promise;
    this.underWay--;
  }

  /** Resolves when so many messages have come. */
  async has(count: number): Promise<void> {
    while (this.texts.length < count) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }

  go(): void {
    this.#open.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** A publisher whose broker takes nothing. */
class Refusing extends Held {
  override publish(topic: string): Promise<void> {
    const cause = new RangeError("too large");
    return Promise.reject(new PublishError(topic, [{ index: 0, cause, outcome: "rejected" }], 1));
  }
}

class Failures {
  readonly attempts: number[] = [];
  #dead = 0;
  #arrived = Promise.withResolvers<void>();

  push({ attempt, isDead }: RelayFailure): void {
    this.attempts.push(attempt);
    if (isDead) this.#dead++;
    this.#arrived.resolve();
  }

  async hasDead(count: number): Promise<void> {
    while (this.#dead < count) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }
}

async function take(source: Source) {
  const never = new AbortController().signal;
  for (;;) {
    const [delivery] = await source.fetch!(1, () => false, never);
    if (delivery !== undefined) return delivery;
  }
}

function textOf({ payload }: Rec): string {
  return new TextDecoder().decode(payload);
}
