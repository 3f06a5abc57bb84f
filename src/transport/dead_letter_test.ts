import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Message } from "../message/message.ts";
import { letterIdentity } from "./dead_letter.ts";

const TARGET = { topic: "dead", handler: "bill", publish: () => Promise.resolve() };

describe("the identity of a dead letter", () => {
  it("is another one after each replay, and the same at each attempt", () => {
    const identities = [{}, {}, { replays: "1" }, { replays: "2" }].map((metadata) =>
      letterIdentity(TARGET, new Message("", { uuid: "u", metadata }))
    );
    assertEquals(identities, [
      "dead:u:bill",
      "dead:u:bill",
      "dead:u:bill:replay:1",
      "dead:u:bill:replay:2",
    ]);
  });
});
