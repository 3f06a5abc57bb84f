import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { fields } from "./codec.ts";
import { Message } from "./message.ts";
import { checkHeaders } from "./names.ts";
import type { Rec } from "./rec.ts";

const CONTEXT = { topic: "orders" };
const REC: Rec = {
  id: "1",
  key: "k",
  headers: [["a", "b"]],
  payload: new Uint8Array([0xff, 0]),
  time: 5,
};

describe("fields", () => {
  it("writes the parts of a message into the parts of a record", () => {
    const { id: uuid, key, payload, time } = REC;
    const message = new Message(payload, {
      uuid,
      key,
      timestamp: new Date(time),
      metadata: { a: "b" },
    });
    assertEquals(fields.encode(message, CONTEXT), REC);
  });

  it("reads them, and keeps the very bytes", () => {
    const message = fields.decode(REC, CONTEXT);
    const { uuid, key, metadata, timestamp } = message;
    assertEquals([uuid, key, [...metadata], timestamp.getTime()], ["1", "k", [["a", "b"]], 5]);
    assertStrictEquals(message.payload, REC.payload);
  });

  it("writes what a handler changed in received metadata", () => {
    const message = fields.decode(REC, CONTEXT);
    message.metadata.set("c", "d");
    message.metadata.delete("a");
    assertEquals(fields.encode(message, CONTEXT).headers, [["c", "d"]]);
    assertEquals(REC.headers, [["a", "b"]]);
  });

  it("counts the last value of a repeated header", () => {
    const message = fields.decode(
      { ...REC, headers: [["a", "1"], ["b", "2"], ["a", "3"]] },
      CONTEXT,
    );
    assertEquals(message.metadata.get("a"), "3");
  });

  it("makes foreign headers safe to publish again", () => {
    const message = fields.decode({ ...REC, headers: [["a b", "c\nd"], ["e", "f"]] }, CONTEXT);
    assertEquals([...message.metadata], [["a_x20_b", "c d"], ["e", "f"]]);
  });

  it("keeps '__proto__' as a name like any other", () => {
    const message = fields.decode({ ...REC, headers: [["__proto__", "x"]] }, CONTEXT);
    assertEquals(message.metadata.get("__proto__"), "x");
    assertEquals(fields.encode(message, CONTEXT).headers, [["__proto__", "x"]]);
  });

  for (
    const [name, payload] of [
      ["an empty", new Uint8Array()],
      ["a binary", Uint8Array.from({ length: 256 }, (_, at) => at)],
      ["a 1 MiB", Uint8Array.from({ length: 2 ** 20 }, (_, at) => at * 31)],
    ] as [string, Uint8Array][]
  ) {
    it(`keeps ${name} payload byte for byte`, () => {
      const expected = payload.slice();
      const back = fields.decode(fields.encode(new Message(payload), CONTEXT), CONTEXT).payload;
      assertEquals(back.length, expected.length);
      assertEquals(back.findIndex((byte, at) => byte !== expected[at]), -1);
    });
  }

  it("gives back every record, apart from repeated and unsafe headers", () => {
    const header = fc.tuple(
      fc.stringMatching(/^[A-Za-z0-9_.-]+$/),
      fc.string({ unit: "binary" }).filter((value) => !/[\r\n\0]/.test(value)),
    );
    const rec = fc.record({
      id: fc.string({ minLength: 1 }),
      key: fc.string({ unit: "binary" }),
      headers: fc.uniqueArray(header, { selector: ([name]) => name }),
      payload: fc.uint8Array(),
      time: fc.integer({ min: -8.64e15, max: 8.64e15 }),
    });
    fc.assert(fc.property(rec, fc.boolean(), (rec, looks) => {
      const message = fields.decode(rec, CONTEXT);
      if (looks) assertEquals(message.metadata.size, rec.headers.length);
      assertEquals(fields.encode(message, CONTEXT), rec);
      assertEquals(message.timestamp.getTime(), rec.time);
    }));
  });

  it("makes a message that can be published of every record", () => {
    const text = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
    fc.assert(fc.property(fc.array(fc.tuple(text, text)), (headers) => {
      const message = fields.decode({ ...REC, headers }, CONTEXT);
      checkHeaders("publish", fields.encode(message, CONTEXT).headers);
    }));
  });
});
