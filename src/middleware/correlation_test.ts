import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  asynchronous,
  batch,
  eachForm,
  failing,
  failureOf,
  messagesOf,
  single,
} from "../../tests/_messages/harness.ts";
import { Message } from "../message/message.ts";
import { correlation } from "./correlation.ts";

const withId = (id: string) => new Message("{}", { metadata: { correlation_id: id } });
const idOf = ({ metadata }: Message) => metadata.get("correlation_id");

describe("correlation", () => {
  eachForm((form, make) => {
    it(`makes the uuid the id where there is none, even if the handler fails, ${form}`, async () => {
      const work = make();
      await failureOf(() => correlation()(failing(new Error("broken")))(work));
      for (const message of work.messages) assertEquals(idOf(message), message.uuid);
    });
  });

  it("makes a uuid an id that every broker carries", async () => {
    const message = new Message("{}", { uuid: "a\nb" });
    await correlation()(() => {})(single(message));
    assertEquals(idOf(message)!.includes("\n"), false);
  });

  it("keeps the id that a message has, and copies it to what is produced without one", async () => {
    for (const shape of [(handle: () => Message[]) => handle, asynchronous]) {
      const message = withId("a");
      const produced = [new Message(), withId("b"), new Message()];
      assertStrictEquals(await correlation()(shape(() => produced))(single(message)), produced);
      assertEquals([idOf(message), ...produced.map(idOf)], ["a", "a", "b", "a"]);
    }
  });

  it("copies the id to the one message that is produced, at once", () => {
    const produced = new Message();
    assertStrictEquals(correlation()(() => produced)(single(withId("a"))), produced);
    assertEquals(idOf(produced), "a");
  });

  it("copies the id of a batch only if all its messages share it", async () => {
    const shared = new Message();
    await correlation()(() => shared)(batch([withId("a"), withId("a")]));
    const mixed = new Message();
    await correlation()(() => mixed)(batch([withId("a"), ...messagesOf("{}")]));
    assertEquals([idOf(shared), idOf(mixed)], ["a", undefined]);
  });

  it("has no id to pass where a middleware has settled all", async () => {
    const produced = new Message();
    await correlation()(() => produced)(batch([]));
    assertEquals([...produced.metadata], []);
  });

  it("uses the name that it is given, and refuses one that no broker carries", async () => {
    const message = new Message();
    await correlation({ name: "trace" })(() => {})(single(message));
    assertEquals([...message.metadata.keys()], ["trace"]);
    assertThrows(() => correlation({ name: "a b" }), RangeError, "the name of metadata");
    assertThrows(() => correlation({ name: 1 } as never), TypeError, "'name'");
  });
});
