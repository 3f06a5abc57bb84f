import type { Rec } from "@beat/beat/message";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Connection } from "./connection.ts";
import { coreSink } from "./core_sink.ts";

/** A connection whose client refuses a subject, and flushes as it is told. */
function connectionOf(flush: () => Promise<void>): { connection: Connection; sent: string[] } {
  const sent: string[] = [];
  const nc = {
    flush,
    publish(subject: string) {
      if (subject === "bad") throw REFUSAL;
      sent.push(subject);
    },
  };
  const connection = {
    open: () => Promise.resolve({ nc }),
    checkConnected() {},
    untilLost: (answer: Promise<unknown>) => answer,
  } as unknown as Connection;
  return { connection, sent };
}

const REFUSAL = new Error("no");

function itemOf(topic: string, key = "") {
  const rec: Rec = { id: topic, key, headers: [], payload: new Uint8Array(), time: 0 };
  return { topic, rec, identity: topic };
}

describe("coreSink", () => {
  it("refuses what its client refuses, holds back the rest of its key, and sends all others", async () => {
    const { connection, sent } = connectionOf(() => Promise.resolve());
    const items = [itemOf("one"), itemOf("bad", "a"), itemOf("two", "a"), itemOf("three", "b")];
    const results = await coreSink(connection).send("", items);
    assertEquals(results.map((result) => result?.outcome), [
      undefined,
      "rejected",
      "not-attempted",
      undefined,
    ]);
    assertStrictEquals(results[1]!.cause, REFUSAL);
    assertEquals(sent, ["one", "three"]);
  });

  it("does not know what became of what it sent when the connection breaks, and knows what it did not", async () => {
    const broken = new Error("broken");
    const { connection } = connectionOf(() => Promise.reject(broken));
    const results = await coreSink(connection).send("", [itemOf("bad"), itemOf("one")]);
    assertEquals(results.map((result) => result?.outcome), ["rejected", "unknown"]);
    assertStrictEquals(results[1]!.cause, broken);
  });
});
