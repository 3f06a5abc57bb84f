import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import type { SendItem, Sink, Transport } from "./port.ts";
import { publisher } from "./publisher.ts";
import { accessOf, transportOf } from "./publisher_access.ts";
import { wrapPublisher } from "./wrap_publisher.ts";

function open() {
  const items: SendItem[] = [];
  const sink: Sink = {
    limits: { batch: 10, bytes: 1_000, lanes: 1 },
    lane: () => "",
    send(_lane, sent) {
      items.push(...sent);
      return Promise.resolve(sent.map(() => undefined));
    },
    close: () => Promise.resolve(),
  };
  const transport = { name: "list", sink: () => sink } as unknown as Transport;
  return { transport, items, inner: publisher(transport) };
}

describe("wrapPublisher()", () => {
  it("is called with what is published, and publishes what it lets through", async () => {
    const { inner, items } = open();
    const calls: [string, string[]][] = [];
    const wrapped = wrapPublisher(inner, async (topic, messages, publish) => {
      calls.push([topic, messages.map((one) => one.text())]);
      if (topic === "closed") throw new Error("not today");
      await publish();
    });
    await wrapped.publish("a", new Message("1"));
    await wrapped.publish("a", [new Message("2"), new Message("3")]);
    await wrapped.publish("a", []);
    await assertRejects(() => wrapped.publish("closed", new Message("4")), Error, "not today");
    assertEquals(calls, [["a", ["1"]], ["a", ["2", "3"]], ["closed", ["4"]]]);
    assertEquals(items.length, 3);
    await wrapped.close();
    await assertRejects(() => wrapped.publish("a", new Message("5")));
  });

  it("keeps the identities of dead letters and replays, also when it is wrapped again", async () => {
    const { inner, items, transport } = open();
    const once = wrapPublisher(inner, (_topic, _messages, publish) => publish());
    const twice = wrapPublisher(once, (_topic, _messages, publish) => publish());
    const letter = new Message("", { uuid: "u" });
    await accessOf(twice).publish("dead", [letter], { identify: () => "dead:u:bill" });
    assertEquals(items.map(({ identity }) => identity), ["dead:u:bill"]);
    assertEquals(transportOf(twice), transport);
    await twice.close();
  });

  it("refuses what is no publisher, and what is no function", () => {
    const { inner } = open();
    assertThrows(() => wrapPublisher(null as never, () => Promise.resolve()), TypeError);
    assertThrows(() => wrapPublisher(inner, 1 as never), TypeError, "'around'");
  });
});
