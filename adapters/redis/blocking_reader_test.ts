import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { streamsOf } from "./blocking_reader.ts";

const UTF8 = new TextEncoder();
const bytes = (text: string) => UTF8.encode(text);

const ENTRIES = [[bytes("1-0"), [bytes("payload"), bytes("x")]]];
const READ = [{ id: "1-0", fields: [bytes("payload"), bytes("x")], count: 1 }];

describe("streamsOf()", () => {
  it("reads pairs of key and entries, as protocol 2 has them", () => {
    const reply = [[bytes("one"), ENTRIES], [bytes("other"), ENTRIES]];
    assertEquals(streamsOf(reply), new Map([["one", READ], ["other", READ]]));
  });

  it("reads keys and entries in turn, as protocol 3 has them", () => {
    const reply = [bytes("one"), ENTRIES, bytes("other"), ENTRIES];
    assertEquals(streamsOf(reply), new Map([["one", READ], ["other", READ]]));
  });

  it("reads nothing where nothing came in time", () => {
    assertEquals(streamsOf(null), new Map());
  });
});
