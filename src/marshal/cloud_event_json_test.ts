import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { decodeUtf8, encodeUtf8 } from "./bytes.ts";
import type { CloudEvent } from "./cloud_event.ts";
import { decodeBatch, encodeBatch, readJson, writeJson } from "./cloud_event_json.ts";
import { DecodeError } from "./errors.ts";

const LEAST = '"specversion":"1.0","id":"1","source":"/s","type":"t"';
const EVENT: CloudEvent = { specversion: "1.0", id: "1", source: "/s", type: "t" };

function read(members: string, limits = {}): CloudEvent {
  return readJson(encodeUtf8(`{${LEAST},${members}}`), limits);
}

describe("readJson()", () => {
  const data: [members: string, type: string | undefined, data: string][] = [
    ['"data":{"a": 1.0}', "application/json", '{"a": 1.0}'],
    ['"data":"I\'m just a string"', "application/json", '"I\'m just a string"'],
    ['"data":null', "application/json", "null"],
    ['"data" : 12345678901234567890 ', "application/json", "12345678901234567890"],
    [String.raw`"data":"\u00e9"`, "application/json", String.raw`"\u00e9"`],
    ['"datacontenttype":null,"data":[ ]', "application/json", "[ ]"],
    [
      '"datacontenttype":"application/vnd.x+json; a=b","data":{ }',
      "application/vnd.x+json; a=b",
      "{ }",
    ],
    ['"datacontenttype":"text/json","data":"1"', "text/json", '"1"'],
    ['"datacontenttype":"application/xml","data":"<a/>"', "application/xml", "<a/>"],
    ['"datacontenttype":"text/plain","data_base64":"aGk="', "text/plain", "hi"],
    ['"data_base64":"aGk="', undefined, "hi"],
    ['"data_base64":null,"data":1', "application/json", "1"],
    ['"datacontenttype":"text/plain;charset=UTF-8","data":"é"', "text/plain;charset=UTF-8", "é"],
  ];
  for (const [members, type, text] of data) {
    it(`takes the bytes '${text}' from ${members}`, () => {
      const event = read(members);
      assertEquals(decodeUtf8(event.data!), text);
      assertEquals(event.datacontenttype, type);
    });
  }

  for (const members of ['"x":null', '"data_base64":null', '"datacontenttype":"a/b","data":null']) {
    it(`finds no data in ${members}`, () => assertEquals(read(members).data, undefined));
  }

  it("takes unknown members for extensions, and null for nothing", () => {
    const event = read('"comexample":"v","n":5,"b":false,"none":null,"subject":null');
    assertEquals(event, {
      ...EVENT,
      extensions: new Map<string, string | number | boolean>([["comexample", "v"], ["n", 5], [
        "b",
        false,
      ]]),
    });
  });

  it("knows names that every object has", () => {
    assertEquals(read('"constructor":"x","valueof":"y"').extensions?.get("constructor"), "x");
  });

  const refused: [fault: string, members: string][] = [
    ["'data' and 'data_base64' must not both be there", '"data":1,"data_base64":"aGk="'],
    ["'data' and 'data_base64' must not both be there", '"data":null,"data_base64":""'],
    ["'data_base64' must be base64", '"data_base64":"a"'],
    ["'data_base64' must be base64", '"data_base64":5'],
    [
      "'data' must be a string where its type is 'text/plain'",
      '"datacontenttype":"text/plain","data":{}',
    ],
    ["'data' must be UTF-8", '"datacontenttype":"text/plain; charset=latin1","data":"é"'],
    ["'datacontenttype' must be a media type", '"datacontenttype":5,"data":"x"'],
    ["'x' must be a text, a boolean or an integer", '"x":{}'],
    ["'x' must be a text, a boolean or an integer", '"x":[]'],
    ["'x' must be an integer of 32 bits", '"x":1.5'],
    ["'x' must be an integer of 32 bits", '"x":2147483648'],
    ["'x' must be a text without control", '"x":"\\n"'],
    ["'x' must be a text without control", '"x":"\\ud800"'],
    ["'id' must be a non-empty text", '"id":5'],
    ["'id' must be a non-empty text", '"id":null'],
    ["the name of an extension must be", '"eventType":"x"'],
    ["the name of an extension must be", '"__proto__":"x"'],
    ["the name of an extension must be", '"a b":"x"'],
  ];
  for (const [fault, members] of refused) {
    it(`refuses ${members}`, () => {
      assertThrows(() => read(members), DecodeError, `Cannot decode a CloudEvent as ${fault}`);
    });
  }

  for (const text of ["", "{", "[]", "null", "5", '"x"']) {
    it(`refuses '${text}'`, () => {
      assertThrows(
        () => readJson(encodeUtf8(text), {}),
        DecodeError,
        "Cannot decode a CloudEvent as its",
      );
    });
  }

  it("refuses bytes that are not UTF-8", () => {
    assertThrows(() => readJson(new Uint8Array([0x7b, 0xff]), {}), DecodeError, "must be UTF-8");
  });

  it("refuses JSON that is deeper than 'maxDepth'", () => {
    read('"data":[[1]]', { maxDepth: 3 });
    assertThrows(() => read('"data":[[[1]]]', { maxDepth: 3 }), DecodeError, "at most 3 levels");
    assertThrows(() => read(`"data":${"[".repeat(1e6)}`), DecodeError, "at most 128 levels");
  });
});

describe("writeJson()", () => {
  const written: [type: string | undefined, data: string | Uint8Array, member: string][] = [
    [undefined, '{"a": 1.0}', '"data":{"a": 1.0}'],
    [undefined, "text", '"data_base64":"dGV4dA=="'],
    [undefined, "", '"data_base64":""'],
    ["application/json", "12345678901234567890", '"data":12345678901234567890'],
    ["application/json", " 1", '"data_base64":"IDE="'],
    ["application/json; charset=latin1", "1", '"data_base64":"MQ=="'],
    ["text/plain", 'say "hi"', String.raw`"data":"say \"hi\""`],
    ["text/plain", "", '"data":""'],
    ["text/plain", new Uint8Array([0xff]), '"data_base64":"/w=="'],
    ["image/svg+xml", "<svg/>", '"data":"<svg/>"'],
    ["application/octet-stream", "hi", '"data_base64":"aGk="'],
  ];
  for (const [datacontenttype, given, member] of written) {
    it(`writes ${member} for '${given}' of type ${datacontenttype}`, () => {
      const data = typeof given === "string" ? encodeUtf8(given) : given;
      const event = { ...EVENT, ...(datacontenttype !== undefined && { datacontenttype }), data };
      const json = writeJson(event);
      assertEquals(json.endsWith(`,${member}}`), true, json);
      assertEquals(readJson(encodeUtf8(json), {}).data, data);
    });
  }

  it("writes no data where there are none", () => assertEquals(writeJson(EVENT), `{${LEAST}}`));
});

describe("batches", () => {
  it("go there and back, the empty one too", () => {
    const events = [
      { ...EVENT, data: new Uint8Array([0xff, 0]) },
      {
        ...EVENT,
        id: "2",
        datacontenttype: "application/json",
        data: encodeUtf8('[ "],[" , 1.0]'),
      },
      { ...EVENT, id: "3", extensions: new Map([["a", "}]"]]) },
    ];
    assertEquals(decodeBatch(encodeBatch(events)), events);
    assertEquals(decodeBatch(encodeBatch([])), []);
    assertEquals(decodeBatch(encodeUtf8(" [ ] ")), []);
  });

  it("are refused as a whole for one bad event", () => {
    const bytes = encodeUtf8(`[{${LEAST}},{"specversion":"1.0"}]`);
    assertThrows(() => decodeBatch(bytes), DecodeError, "'id' must be");
    assertThrows(() => encodeBatch([EVENT, { ...EVENT, id: "" }]), RangeError, "'id' must be");
  });

  for (const text of ["{}", "null", "[1]", "[null]", "[[]]", "[{}]", "[", ""]) {
    it(`refuse '${text}'`, () => {
      assertThrows(() => decodeBatch(encodeUtf8(text)), DecodeError, "Cannot decode a");
    });
  }

  it("refuse JSON that is deeper than 'maxDepth'", () => {
    const bytes = encodeUtf8(`[{${LEAST},"data":[]}]`);
    assertEquals(decodeBatch(bytes, { maxDepth: 3 }).length, 1);
    assertThrows(() => decodeBatch(bytes, { maxDepth: 2 }), DecodeError, "at most 2 levels");
  });
});
