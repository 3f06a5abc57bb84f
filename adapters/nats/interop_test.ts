import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { cloudEvents, watermill } from "@beat/beat/marshal";
import { type Codec, Message } from "@beat/beat/message";
import { consume, publisher, type Transport } from "@beat/beat/transport";
import { jetstream } from "@nats-io/jetstream";
import { headers, type Msg } from "@nats-io/transport-node";
import { withService } from "../../tests/_services/mod.ts";
import { natsCore } from "./mod.ts";
import { type Workplace, workplace } from "./testdata/workplace.ts";

withService("nats", "BEAT_NATS_URL", ({ url }) => {
  const test = (run: (place: Workplace) => Promise<void>) => workplace(url, run);

  /** What a raw client gets of a message that is published here. */
  async function heard(place: Workplace, message: Message, codec?: Codec): Promise<Msg> {
    const nats = await place.open();
    const got = Promise.withResolvers<Msg>();
    place.client.subscribe(place.topic, { callback: (_error, one) => got.resolve(one) });
    await place.client.flush();
    const out = publisher(nats, codec === undefined ? {} : { codec });
    await out.publish(place.topic, message);
    return await got.promise;
  }

  /** What is got here of a message that a raw client publishes. */
  async function got(
    place: Workplace,
    transport: Transport,
    publish: () => Promise<unknown> | void,
    codec?: Codec,
  ): Promise<Message> {
    const taken = Promise.withResolvers<Message>();
    const consumption = await consume(transport, ([message]) => taken.resolve(message!), {
      topic: place.topic,
      ...(codec === undefined ? {} : { codec }),
    });
    place.opened(() => consumption.close());
    await publish();
    return await taken.promise;
  }

  function headersOf(message: Msg): Record<string, string> {
    return Object.fromEntries(
      Array.from(message.headers ?? [], ([name, [value]]) => [name, value!]),
    );
  }

  describe("a raw client of NATS", () => {
    it(
      "reads what is published here: the payload as it is, the rest in headers",
      test(async (place) => {
        const timestamp = new Date("2026-11-21T16:00:00.000Z");
        const metadata = { tenant: "ä", "Nats-Rollup": "all", spaced: " a" };
        const message = new Message("hello", { uuid: "one", key: "a b", metadata, timestamp });
        const one = await heard(place, message);
        assertEquals(one.string(), "hello");
        assertEquals(headersOf(one), {
          "Beat-UUID": "one",
          "Beat-Key": "a%20b",
          "Beat-Timestamp": "2026-11-21T16:00:00.000Z",
          "tenant": "ä",
          "Beat-Meta-Nats-Rollup": "all",
          "Beat-Meta-spaced": "%20a",
          "Nats-Msg-Id": encodeURIComponent(`${place.topic}:one`),
        });
      }),
    );

    it(
      "is read here: headers are metadata, the id is the place in the stream",
      test(async (place) => {
        const nats = await place.open();
        const written = headers();
        written.append("tenant", "first");
        written.append("tenant", "last");
        const message = await got(
          place,
          nats,
          () => jetstream(place.client).publish(place.topic, "hello", { headers: written }),
        );
        assertEquals(message.text(), "hello");
        assertEquals([...message.metadata], [["tenant", "last"]]);
        assertEquals([message.uuid, message.key], [`${place.topic}//1`, ""]);
      }),
    );

    it(
      "finds its message by one name, whoever reads it",
      test(async (place) => {
        const nats = await place.open({ partitions: 2 });
        await jetstream(place.client).publish(`${place.topic}.=1`, "hello");
        const [rec] = await nats.peek(place.topic, 1);
        const [reader, member] = await Promise.all([{}, { group: "all" }].map(async (who) => {
          const taken = Promise.withResolvers<string>();
          const consumption = await consume(nats, ([message]) => taken.resolve(message!.uuid), {
            topic: place.topic,
            from: "earliest",
            ...who,
          });
          place.opened(() => consumption.close());
          return await taken.promise;
        }));
        assertEquals([rec!.id, reader, member], new Array(3).fill(`${place.topic}/1/1`));
      }),
    );

    it(
      "and core NATS here read each other",
      test(async (place) => {
        const core = natsCore({ connection: place.client });
        const message = await got(place, core, () => place.client.publish(place.topic, "hello"));
        assertEquals([message.text(), [...message.metadata]], ["hello", []]);
        const back = Promise.withResolvers<Msg>();
        place.client.subscribe(`${place.topic}.back`, {
          callback: (_error, one) => back.resolve(one),
        });
        await publisher(core).publish(`${place.topic}.back`, new Message("back", { uuid: "two" }));
        const one = await back.promise;
        assertEquals([one.string(), one.headers?.get("Beat-UUID")], ["back", "two"]);
      }),
    );
  });

  describe("CloudEvents on NATS", () => {
    const codec = cloudEvents({ source: "/shop", binding: "nats" });

    it(
      "are written as the NATS binding says",
      test(async (place) => {
        const metadata = { "content-type": "application/json", "ce-subject": "no 7%" };
        const timestamp = new Date("2026-11-21T16:00:00.000Z");
        const message = new Message('{"total":12}', { uuid: "one", metadata, timestamp });
        const one = await heard(place, message, codec);
        const found = headersOf(one);
        assertEquals(one.string(), '{"total":12}');
        assertEquals(
          ["specversion", "id", "source", "type", "time"].map((name) => found[`ce-${name}`]),
          ["1.0", "one", "/shop", place.topic, "2026-11-21T16:00:00.000Z"],
        );
        assertEquals(found["ce-datacontenttype"], "application/json");
        assertEquals(found["ce-subject"], "no%207%25");
        assertEquals("content-type" in found, false);
      }),
    );

    it(
      "are read in binary and in structured mode",
      test(async (place) => {
        const nats = await place.open();
        const binary = headers();
        for (
          const [name, value] of [
            ["ce-specversion", "1.0"],
            ["ce-id", "A 1".replace(" ", "%20")],
            ["ce-source", "/elsewhere"],
            ["ce-type", "paid"],
            ["ce-datacontenttype", "application/json"],
          ] as const
        ) binary.append(name, value);
        const js = jetstream(place.client);
        const one = await got(
          place,
          nats,
          () => js.publish(place.topic, '{"total":12}', { headers: binary }),
          codec,
        );
        assertEquals([one.uuid, one.text()], ["A 1", '{"total":12}']);
        assertEquals(one.metadata.get("ce-source"), "/elsewhere");
        const structured = headers();
        structured.append("Content-Type", "application/cloudevents+json");
        const event = { specversion: "1.0", id: "two", source: "/s", type: "paid", data: { a: 1 } };
        const two = await got(
          place,
          nats,
          () => js.publish(place.topic, JSON.stringify(event), { headers: structured }),
          codec,
        );
        assertEquals([two.uuid, two.json()], ["two", { a: 1 }]);
      }),
    );
  });

  describe("Watermill on NATS", () => {
    it(
      "finds the UUID and the metadata in headers, and is read by them",
      test(async (place) => {
        const codec = watermill();
        const message = new Message("hello", { uuid: "one", metadata: { tenant: "a" } });
        const found = headersOf(await heard(place, message, codec));
        assertEquals([found._watermill_message_uuid, found.tenant], ["one", "a"]);
        const written = headers();
        written.append("_watermill_message_uuid", "two");
        written.append("tenant", "b");
        const back = await got(
          place,
          place.transport(),
          () => jetstream(place.client).publish(place.topic, "back", { headers: written }),
          codec,
        );
        assertEquals([back.uuid, back.text()], ["two", "back"]);
        assertEquals([...back.metadata], [["tenant", "b"]]);
      }),
    );
  });
});
