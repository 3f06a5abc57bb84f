import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { CloudEvent } from "./cloud_event.ts";
import { type Binding, readEvent, writeEvent } from "./cloud_event_record.ts";
import { DecodeError } from "./errors.ts";
import { decodeUtf8, encodeUtf8 } from "./bytes.ts";

const EVENT: CloudEvent = {
  specversion: "1.0",
  id: "A234-1234-1234",
  source: "https://github.com/cloudevents/spec/pull",
  type: "com.github.pull_request.opened",
  subject: "n° 123",
  time: "2018-04-05T17:31:00Z",
  datacontenttype: "text/xml; charset=utf-8",
  extensions: new Map<string, string | number | boolean>([["a1", "50 %"], ["n", -5], ["b", true]]),
  data: encodeUtf8('<much wow="xml"/>'),
};

/** The least that an HTTP request needs, with other headers in the place of these or beside them. */
function request(headers: Record<string, string | null>, payload = ""): CloudEvent {
  const all = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/s",
    "ce-type": "t",
    ...headers,
  };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return readEvent({ headers: given, payload: encodeUtf8(payload) }, "http");
}

describe("writeEvent() in binary mode", () => {
  const common = ["specversion", "id", "source", "type"] as const;

  it("encodes attributes for HTTP, and gives the media type no header of its own", () => {
    const { headers, payload } = writeEvent(EVENT, "http");
    assertEquals(headers, [
      ...common.map((name) => [`ce-${name}`, EVENT[name]] as [string, string]),
      ["ce-subject", "n%C2%B0%20123"],
      ["ce-time", "2018-04-05T17:31:00Z"],
      ["ce-a1", "50%20%25"],
      ["ce-n", "-5"],
      ["ce-b", "true"],
      ["content-type", "text/xml; charset=utf-8"],
    ]);
    assertEquals(payload, EVENT.data);
  });

  it("leaves attributes as they are for Kafka", () => {
    const { headers } = writeEvent(EVENT, "kafka");
    assertEquals(headers, [
      ...common.map((name) => [`ce_${name}`, EVENT[name]] as [string, string]),
      ["ce_subject", "n° 123"],
      ["ce_time", "2018-04-05T17:31:00Z"],
      ["ce_a1", "50 %"],
      ["ce_n", "-5"],
      ["ce_b", "true"],
      ["content-type", "text/xml; charset=utf-8"],
    ]);
  });

  it("encodes all attributes for NATS, the media type too", () => {
    const headers = new Map(writeEvent(EVENT, "nats").headers);
    assertEquals(headers.get("ce-datacontenttype"), "text/xml;%20charset=utf-8");
    assertEquals(headers.get("ce-subject"), "n%C2%B0%20123");
    assertEquals(headers.has("content-type"), false);
  });

  it("has an empty payload for an event without data", () => {
    const { data: _, ...event } = EVENT;
    assertEquals(writeEvent(event, "http").payload.length, 0);
  });
});

describe("readEvent() in binary mode", () => {
  for (const binding of ["http", "kafka", "nats"] as Binding[]) {
    it(`gives back what writeEvent() wrote for ${binding}; extensions are texts by then`, () => {
      const extensions = new Map([...EVENT.extensions!].map(([name, value]) => [name, `${value}`]));
      assertEquals(readEvent(writeEvent(EVENT, binding), binding), { ...EVENT, extensions });
    });
  }

  it("takes names of headers in any case, and of repeated ones the last value", () => {
    const headers = [["CE-SpecVersion", "1.0"], ["Ce-Id", "1"], ["CE-ID", "2"]] as [
      string,
      string,
    ][];
    headers.push(["ce-source", "/s"], ["ce-type", "t"], ["Content-Type", "a/b"]);
    const event = readEvent({ headers, payload: new Uint8Array() }, "http");
    assertEquals(event, {
      specversion: "1.0",
      id: "2",
      source: "/s",
      type: "t",
      datacontenttype: "a/b",
    });
  });

  it("leaves out headers that are no part of the event", () => {
    assertEquals(
      request({ "user-agent": "x", "cel": "y", "traceparent": "z" }).extensions,
      undefined,
    );
  });

  it("opens quoted strings, and decodes once", () => {
    assertEquals(request({ "ce-subject": '"a%2520b"' }).subject, "a%20b");
  });

  it("prefers the content type of its binding to the other one", () => {
    const both = { "content-type": "a/http", "ce-datacontenttype": "a/nats" };
    assertEquals(request(both).datacontenttype, "a/http");
    assertEquals(request({ "ce-datacontenttype": "a/nats" }).datacontenttype, "a/nats");
    const rec = writeEvent({ ...EVENT, datacontenttype: "a/nats" }, "nats");
    const headers = [...rec.headers, ["content-type", "a/http"] as const];
    assertEquals(readEvent({ ...rec, headers }, "nats").datacontenttype, "a/nats");
  });

  const refused: [fault: string, headers: Record<string, string | null>][] = [
    ["'specversion' must be '1.0': current value is undefined", { "ce-specversion": null }],
    ["'specversion' must be '1.0': current value is '0.3'", { "ce-specversion": "0.3" }],
    ["'id' must be a non-empty text", { "ce-id": null }],
    ["'id' must be a non-empty text", { "ce-id": "" }],
    ["'source' must be a non-empty URI reference", { "ce-source": null }],
    ["'source' must be a non-empty URI reference", { "ce-source": "not%20one" }],
    ["'type' must be a non-empty text", { "ce-type": null }],
    ["'subject' must be a non-empty text", { "ce-subject": "" }],
    ["'time' must be a time of RFC 3339", { "ce-time": "yesterday" }],
    ["'dataschema' must be an absolute URI", { "ce-dataschema": "/relative" }],
    ["'datacontenttype' must be a media type", { "content-type": "json" }],
    ["'ce-subject' must be UTF-8", { "ce-subject": "%C0%A0" }],
    ["'subject' must be a non-empty text without control", { "ce-subject": "a%0Ab" }],
    ["the name of an extension must be made of a-z and 0-9", { "ce-a_b": "x" }],
    ["the name of an extension must be made of a-z and 0-9", { "ce-": "x" }],
    ["the name of an extension must be made of a-z and 0-9", { "ce-data": "x" }],
    ["the name of an extension must be made of a-z and 0-9", { "ce-__proto__": "x" }],
    ["'ext' must be a text without control", { "ce-ext": "%EF%BF%BF" }],
    ["its content type must be of one event", {
      "content-type": "application/cloudevents-batch+json",
    }],
    ["its format must be JSON", { "content-type": "application/cloudevents+avro" }],
  ];
  for (const [fault, headers] of refused) {
    it(`refuses ${JSON.stringify(headers)}`, () => {
      assertThrows(() => request(headers), DecodeError, `Cannot decode a CloudEvent as ${fault}`);
    });
  }

  it("says what it found under 'cause'", () => {
    const error = assertThrows(() => request({ "ce-id": "" }), DecodeError);
    assertEquals(error.cause instanceof RangeError, true);
    assertEquals(error.name, "DecodeError");
  });
});

describe("structured mode", () => {
  for (const binding of ["http", "kafka", "nats"] as Binding[]) {
    it(`is the same for ${binding}, and keeps the types of extensions`, () => {
      const rec = writeEvent(EVENT, binding, { mode: "structured" });
      assertEquals(rec.headers, [["content-type", "application/cloudevents+json; charset=utf-8"]]);
      assertEquals(readEvent(rec, binding), EVENT);
    });
  }

  for (
    const type of [
      "Application/CloudEvents+JSON",
      "application/cloudevents",
      "application/cloudevents+json;x=y",
    ]
  ) {
    it(`is announced by '${type}'`, () => {
      const { payload } = writeEvent(EVENT, "http", { mode: "structured" });
      assertEquals(readEvent({ headers: [["Content-Type", type]], payload }, "http"), EVENT);
    });
  }

  it("writes the text of data as a string where its type is text", () => {
    const json = decodeUtf8(writeEvent(EVENT, "http", { mode: "structured" }).payload)!;
    assertEquals(JSON.parse(json).data, '<much wow="xml"/>');
  });
});

describe("writeEvent() refuses", () => {
  const refused: [error: string, change: object][] = [
    ["RangeError: Cannot encode a CloudEvent as 'id' must be a non-empty text", { id: "" }],
    ["TypeError: Cannot encode a CloudEvent as 'type' must be", { type: undefined }],
    ["RangeError: Cannot encode a CloudEvent as 'time' must be a time", { time: "now" }],
    ["RangeError: Cannot encode a CloudEvent as 'x' must be an integer", {
      extensions: new Map([["x", 2 ** 31]]),
    }],
    ["RangeError: Cannot encode a CloudEvent as 'x' must be an integer", {
      extensions: new Map([["x", 0.5]]),
    }],
    ["TypeError: Cannot encode a CloudEvent as 'x' must be a text, a", {
      extensions: new Map([["x", {}]]),
    }],
    ["TypeError: Cannot encode a CloudEvent as 'x' must be a text, a", {
      extensions: new Map([["x", null]]),
    }],
    ["RangeError: Cannot encode a CloudEvent as the name of an", {
      extensions: new Map([["id", "x"]]),
    }],
    ["TypeError: Cannot encode a CloudEvent as 'data' must be a Uint8Array", { data: "text" }],
  ];
  for (const [words, change] of refused) {
    for (const mode of ["binary", "structured"] as const) {
      it(`${Object.keys(change)} in ${mode} mode: ${words}`, () => {
        const event = { ...EVENT, ...change } as CloudEvent;
        const error = assertThrows(() => writeEvent(event, "http", { mode }), Error);
        assertEquals(`${error.name}: ${error.message}`.startsWith(words), true, String(error));
      });
    }
  }
});

describe("readEvent() reads what the npm package cloudevents 10.0.0 writes", () => {
  const event: CloudEvent = {
    specversion: "1.0",
    id: "c0ec0646",
    source: "/s",
    type: "t",
    subject: "x y",
    time: "2026-11-21T12:45:24.170Z",
    datacontenttype: "application/json",
    extensions: new Map([["ext", "v"], ["num", "5"]]),
    data: encodeUtf8('{"a":1}'),
  };
  const attributes = {
    id: "c0ec0646",
    time: "2026-11-21T12:45:24.170Z",
    type: "t",
    source: "/s",
    specversion: "1.0",
    subject: "x y",
    ext: "v",
    num: "5",
  };
  const payload = encodeUtf8('{"a":1}');

  const prefixed = (prefix: string): [string, string][] =>
    Object.entries(attributes).map(([name, value]) => [prefix + name, value]);
  const json: [string, string] = ["content-type", "application/json"];

  it("to HTTP in binary mode, where it encodes nothing", () => {
    assertEquals(readEvent({ headers: [...prefixed("ce-"), json], payload }, "http"), event);
  });

  it("to Kafka in binary mode, where it names the media type twice", () => {
    const headers = [...prefixed("ce_"), json, ["ce_datacontenttype", "application/json"] as const];
    assertEquals(readEvent({ headers, payload }, "kafka"), event);
  });

  it("in structured mode", () => {
    const body = '{"id":"c0ec0646","time":"2026-11-21T12:45:24.170Z","type":"t","source":"/s",' +
      '"specversion":"1.0","datacontenttype":"application/json","subject":"x y","data":{"a":1},' +
      '"ext":"v","num":"5"}';
    const headers = [["content-type", "application/cloudevents+json; charset=utf-8"]] as const;
    assertEquals(readEvent({ headers, payload: encodeUtf8(body) }, "http"), event);
  });
});
