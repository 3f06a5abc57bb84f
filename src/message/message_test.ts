import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { AbortScope } from "./abort_scope.ts";
import {
  enterScope,
  leaveScope,
  loseMessage,
  Message,
  type MessageOptions,
  type NackOptions,
  openRecord,
  receiveMessage,
} from "./message.ts";
import type { Reception, Settlement } from "./reception.ts";

const REC = {
  id: "1",
  key: "k",
  headers: [["a", "b"]],
  payload: new Uint8Array([1]),
  time: 5,
} as const;
const ORIGIN = { transport: "memory", topic: "orders", partition: "3", offset: "7" };

/** A received message, and what its delivery hears. */
function receive(changes: Partial<Reception> = {}) {
  const heard: Settlement[] = [];
  const scope = new AbortScope();
  const reception: Reception = {
    attempt: 1,
    origin: ORIGIN,
    scope,
    settle: (settlement) => heard.push(settlement) > 0,
    ...changes,
  };
  const message = openRecord(REC);
  receiveMessage(message, reception);
  return { message, heard, scope };
}

describe("new Message()", () => {
  it("has a new UUID, no key, no metadata and the current time", () => {
    const before = Date.now();
    const message = new Message("x");
    assertEquals([message.key, message.metadata.size], ["", 0]);
    assertEquals(
      message.timestamp.getTime() >= before && message.timestamp.getTime() <= Date.now(),
      true,
    );
    assertStrictEquals(message.uuid, message.uuid);
    assertNotEquals(message.uuid, new Message("x").uuid);
  });

  it("takes over its options", () => {
    const timestamp = new Date(5);
    const message = new Message("", { uuid: "u", key: "k", metadata: { a: "b" }, timestamp });
    timestamp.setTime(6);
    assertEquals([message.uuid, message.key, message.timestamp.getTime()], ["u", "k", 5]);
    message.timestamp.setTime(6);
    assertEquals(message.timestamp.getTime(), 5);
  });

  it("copies metadata from pairs, maps and objects", () => {
    const map = new Map([["a", "b"]]);
    const pairs = [["a", "b"]] as const;
    for (
      const metadata of [map, pairs, { a: "b" }, Object.assign(Object.create(null), { a: "b" })]
    ) {
      const message = new Message("", { metadata });
      message.metadata.set("c", "d");
      assertEquals([...message.metadata], [["a", "b"], ["c", "d"]]);
    }
    assertEquals(map.size, 1);
  });

  it("refuses metadata that is no text, and a value that JSON cannot carry", () => {
    assertThrows(
      () => new Message("", { metadata: { n: 7 } as unknown as Record<string, string> }),
      TypeError,
      "Cannot create a message as 'metadata.n' must be a string: current value is 7",
    );
    for (const value of [1n, () => {}, undefined]) {
      assertThrows(() => Message.json(value), TypeError, "Cannot create a message as");
    }
  });

  it("keeps '__proto__' as a name of metadata like any other", () => {
    const message = new Message("", { metadata: JSON.parse('{"__proto__":"x"}') });
    assertEquals([...message.metadata], [["__proto__", "x"]]);
    assertEquals(({} as Record<string, unknown>).x, undefined);
  });

  it("is as if it had been received once, nowhere", () => {
    const { attempt, redelivered, origin, state } = new Message();
    assertEquals([attempt, redelivered, origin, state], [1, false, undefined, "pending"]);
  });

  const refused: [error: string, payload: unknown, options?: unknown][] = [
    ["TypeError: Cannot create a message as 'payload' must be a Uint8Array or a string", null],
    ["TypeError: Cannot create a message as 'payload' must be", { a: 1 }],
    ["TypeError: Cannot create a message as 'payload' must be", new ArrayBuffer(1)],
    ["RangeError: Cannot create a message as 'uuid' must be a text", "", { uuid: "" }],
    ["TypeError: Cannot create a message as 'uuid' must be a text", "", { uuid: 5 }],
    ["TypeError: Cannot create a message as 'key' must be a string", "", { key: null }],
    ["TypeError: Cannot create a message as 'metadata' must be", "", { metadata: "ab" }],
    ["TypeError: Cannot create a message as 'metadata' must be", "", { metadata: null }],
    ["TypeError: Cannot create a message as 'timestamp' must be a valid Date", "", {
      timestamp: 5,
    }],
    ["TypeError: Cannot create a message as 'timestamp' must be", "", { timestamp: new Date(NaN) }],
    ["TypeError: Cannot create a message as option 'ttl' is unknown", "", { ttl: 5 }],
    ["TypeError: Cannot create a message as 'options' must be an object", "", "u"],
  ];
  for (const [words, payload, options] of refused) {
    it(words, () => {
      const make = () => new Message(payload as string, options as MessageOptions);
      const error = assertThrows(make, Error);
      assertEquals(`${error.name}: ${error.message}`.startsWith(words), true, String(error));
    });
  }
});

describe("payloads", () => {
  it("are the very bytes that were given", () => {
    const payload = new Uint8Array([0xff, 0, 0xfe]);
    assertStrictEquals(new Message(payload).payload, payload);
  });

  it("are empty unless given", () => assertEquals(new Message().payload.length, 0));

  it("are the UTF-8 of a text, which text() gives back", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      // TextDecoder takes a byte-order mark for none of the text.
      assertEquals(new Message(text).text(), text.replace(/^\ufeff/, ""));
    }));
  });

  it("come as text with U+FFFD where they are not UTF-8", () => {
    assertEquals(new Message(new Uint8Array([0x61, 0xff])).text(), "a\ufffd");
  });

  it("come as the value of their JSON", () => {
    assertEquals(new Message('{"a":[1]}').json(), { a: [1] });
    assertThrows(() => new Message("{").json(), SyntaxError);
    assertThrows(() => new Message().json(), SyntaxError);
  });
});

describe("Message.json()", () => {
  it("gives back every value that JSON can carry", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      assertEquals(Message.json(value).json(), JSON.parse(JSON.stringify(value)));
    }));
  });

  it("takes options", () => assertEquals(Message.json(1, { key: "k" }).key, "k"));

  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of [undefined, () => {}, Symbol("s"), 5n, circle]) {
    it(`refuses ${typeof value}`, () => void assertThrows(() => Message.json(value), TypeError));
  }
});

describe("copy()", () => {
  it("has the same content and another UUID", () => {
    const message = new Message("x", { key: "k", metadata: { a: "b" }, timestamp: new Date(5) });
    const copy = message.copy();
    assertNotEquals(copy.uuid, message.uuid);
    const { key, timestamp, metadata } = copy;
    assertEquals([key, timestamp.getTime(), [...metadata]], ["k", 5, [["a", "b"]]]);
    assertStrictEquals(copy.payload, message.payload);
  });

  it("has metadata of its own", () => {
    for (const message of [openRecord(REC), new Message("", { metadata: { a: "b" } })]) {
      const copy = message.copy();
      copy.metadata.set("a", "copy");
      message.metadata.set("c", "original");
      assertEquals([...copy.metadata], [["a", "copy"]]);
      assertEquals([...message.metadata], [["a", "b"], ["c", "original"]]);
    }
  });

  it("is not settled, and belongs to no delivery", () => {
    const { message, heard } = receive({ attempt: 3 });
    message.ack();
    const copy = message.copy();
    assertEquals([copy.state, copy.attempt, copy.origin], ["pending", 1, undefined]);
    assertEquals(copy.nack(), true);
    assertEquals(heard, [{ kind: "acked" }]);
  });
});

describe("settlement", () => {
  it("the first decision counts, the others return false", () => {
    for (const [first, state] of [["ack", "acked"], ["nack", "nacked"]] as const) {
      const { message, heard } = receive();
      assertEquals(message[first](), true);
      assertEquals([message.ack(), message.nack(), message.ack()], [false, false, false]);
      assertEquals([message.state, heard], [state, [{ kind: state }]]);
    }
  });

  it("can be made on a message that nobody delivered", () => {
    const message = new Message();
    assertEquals([message.nack(), message.ack(), message.state], [true, false, "nacked"]);
  });

  it("tells the delivery the delay and the reason of a nack", () => {
    const reason = new Error("not now");
    const { message, heard } = receive();
    message.nack({ delay: 0, reason });
    assertEquals(heard, [{ kind: "nacked", delay: 0, reason }]);
  });

  it("is refused by a delivery that is no longer ours, and stays open", async () => {
    const { message } = receive({ settle: () => false });
    assertEquals([message.ack(), message.nack(), message.state], [false, false, "pending"]);
    const settled = message.settled();
    loseMessage(message, "gone");
    assertEquals(await settled, { kind: "lost", cause: "gone" });
  });

  it("resolves settled(), whether it is asked for before or after", async () => {
    const message = new Message();
    const before = message.settled();
    assertStrictEquals(message.settled(), before);
    message.nack({ reason: "r" });
    assertEquals(await before, { kind: "nacked", reason: "r" });
    const late = new Message();
    late.ack();
    assertEquals(await late.settled(), { kind: "acked" });
  });

  it("of a lost message is no longer possible", async () => {
    const { message, heard } = receive();
    loseMessage(message, "gone");
    assertEquals([message.ack(), message.nack(), message.state], [false, false, "pending"]);
    assertEquals(await message.settled(), { kind: "lost", cause: "gone" });
    assertEquals(heard, []);
  });

  it("stays when the message is lost after it", async () => {
    const message = new Message();
    message.ack();
    loseMessage(message, "late");
    assertEquals(await message.settled(), { kind: "acked" });
  });

  const refused: [error: string, options: unknown][] = [
    ["RangeError: Cannot nack a message as 'delay' must be a finite number", { delay: -1 }],
    ["RangeError: Cannot nack a message as 'delay' must be a finite number", { delay: NaN }],
    ["RangeError: Cannot nack a message as 'delay' must be a finite number", { delay: Infinity }],
    ["TypeError: Cannot nack a message as 'delay' must be a finite number", { delay: "5" }],
    ["TypeError: Cannot nack a message as option 'kind' is unknown", { kind: "acked" }],
    ["TypeError: Cannot nack a message as 'options' must be an object", "why"],
    ["TypeError: Cannot nack a message as 'options' must be an object", null],
  ];
  for (const [words, options] of refused) {
    it(`of a nack is refused: ${JSON.stringify(options)}`, () => {
      const { message, heard } = receive();
      const error = assertThrows(() => message.nack(options as NackOptions), Error);
      assertEquals(`${error.name}: ${error.message}`.startsWith(words), true, String(error));
      assertEquals([message.state, heard], ["pending", []]);
    });
  }
});

describe("a received message", () => {
  it("has the content of its record and the place that it came from", () => {
    const { message } = receive({ attempt: 2 });
    const { uuid, key, timestamp, attempt, redelivered, origin } = message;
    assertEquals([uuid, key, timestamp.getTime(), attempt, redelivered], ["1", "k", 5, 2, true]);
    assertEquals([...message.metadata], [["a", "b"]]);
    assertEquals(origin, ORIGIN);
  });

  it("is pending again when it is received again", async () => {
    const { message } = receive();
    message.nack();
    await message.settled();
    const heard: Settlement[] = [];
    const scope = new AbortScope();
    const settle = (settlement: Settlement) => heard.push(settlement) > 0;
    receiveMessage(message, { attempt: 2, origin: ORIGIN, scope, settle });
    assertEquals([message.state, message.attempt], ["pending", 2]);
    assertEquals(message.ack(), true);
    assertEquals(await message.settled(), { kind: "acked" });
    assertEquals(heard, [{ kind: "acked" }]);
  });

  it("asks for origin and scope only when it is asked for them", () => {
    const asked: string[] = [];
    const message = openRecord(REC);
    receiveMessage(message, {
      attempt: 1,
      get origin() {
        asked.push("origin");
        return ORIGIN;
      },
      get scope() {
        asked.push("scope");
        return new AbortScope();
      },
      settle: () => true,
    });
    message.ack();
    assertEquals(asked, []);
    assertStrictEquals(message.signal, message.signal);
    assertEquals([message.origin, asked], [ORIGIN, ["scope", "origin"]]);
  });
});

describe("signal", () => {
  it("of a message that nobody delivered never aborts", () => {
    const message = new Message();
    assertStrictEquals(message.signal, message.signal);
    assertEquals(message.signal.aborted, false);
  });

  it("aborts with its delivery, asked for before or after", () => {
    const before = receive();
    const { signal } = before.message;
    before.scope.abort("lease lost");
    assertEquals([signal.aborted, signal.reason], [true, "lease lost"]);
    const after = receive();
    after.scope.abort("lease lost");
    assertEquals(after.message.signal.reason, "lease lost");
  });

  it("is that of the innermost scope that was entered and not left", () => {
    const { message } = receive();
    const around = message.signal;
    const outer = enterScope(message);
    assertStrictEquals(message.signal, outer.signal);
    const inner = enterScope(message);
    assertStrictEquals(message.signal, inner.signal);
    leaveScope(message, inner);
    assertStrictEquals(message.signal, outer.signal);
    leaveScope(message, outer);
    assertStrictEquals(message.signal, around);
  });

  it("of a scope aborts with it, not with one inside it", () => {
    const { message, scope } = receive();
    const outer = enterScope(message);
    const inner = enterScope(message);
    inner.abort("inner");
    assertEquals([scope, outer, inner].map(({ signal }) => signal.aborted), [false, false, true]);
    scope.abort("shutdown");
    assertEquals([outer.signal.reason, inner.signal.reason], ["shutdown", "inner"]);
  });

  it("is that around a scope that was given up on, whatever was still open inside", () => {
    const { message, scope } = receive();
    const outer = enterScope(message);
    const inner = enterScope(message);
    outer.abort("time-out");
    leaveScope(message, outer);
    assertStrictEquals(message.signal, scope.signal);
    const retry = enterScope(message);
    leaveScope(message, inner);
    assertStrictEquals(message.signal, retry.signal);
    scope.abort("shutdown");
    assertEquals(retry.signal.reason, "shutdown");
    assertEquals(inner.signal.reason, "time-out");
  });

  it("may be left twice, and by a scope of a delivery before", () => {
    const { message, scope } = receive();
    const old = enterScope(message);
    receiveMessage(message, { attempt: 2, origin: ORIGIN, scope, settle: () => true });
    const current = enterScope(message);
    leaveScope(message, old);
    leaveScope(message, old);
    assertStrictEquals(message.signal, current.signal);
  });
});
