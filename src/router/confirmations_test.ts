import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { AbortScope } from "../message/abort_scope.ts";
import { Message, receiveMessage } from "../message/message.ts";
import { Confirmations } from "./confirmations.ts";

/** An attempt of the record at a place. */
function received(offset: string, uuid = "u", partition = "0"): Message {
  const message = new Message("", { uuid });
  receiveMessage(message, {
    attempt: 1,
    origin: { transport: "test", topic: "in", partition, offset },
    scope: new AbortScope(),
    settle: () => true,
  });
  return message;
}

const topics = (confirmations: Confirmations, ...causes: Message[]) => [
  ...confirmations.of(causes),
];

describe("Confirmations", () => {
  it("knows a delivery by partition, offset and uuid", () => {
    const confirmations = new Confirmations();
    confirmations.keep([received("7")], new Set(["good"]));
    assertEquals(topics(confirmations, received("7")), ["good"]);
    assertEquals(topics(confirmations, received("8")), []);
    assertEquals(topics(confirmations, received("7", "other")), []);
    assertEquals(topics(confirmations, received("7", "u", "1")), []);
  });

  it("takes for confirmed what is so for all that are handled together", () => {
    const confirmations = new Confirmations();
    confirmations.keep([received("1"), received("2")], new Set(["x", "y"]));
    confirmations.keep([received("1")], new Set(["z"]));
    assertEquals(topics(confirmations, received("1")), ["x", "y", "z"]);
    assertEquals(topics(confirmations, received("1"), received("2")), ["x", "y"]);
    assertEquals(topics(confirmations, received("1"), received("3")), []);
    confirmations.end([received("2")]);
    assertEquals(topics(confirmations, received("2")), []);
  });

  it("keeps what its handler nacks, and forgets what it does not", () => {
    const confirmations = new Confirmations();
    confirmations.keep([received("1"), received("2")], new Set(["x"]));
    const nacked = received("1");
    nacked.nack();
    confirmations.end([nacked, received("2")]);
    assertEquals(topics(confirmations, received("1")), ["x"]);
    assertEquals(topics(confirmations, received("2")), []);
  });

  it("keeps what failed together with others, and forgets what failed alone", () => {
    const confirmations = new Confirmations();
    const batch = [received("1"), received("2")];
    confirmations.keep(batch, new Set(["x"]));
    confirmations.giveUp(batch[0]!);
    assertEquals(topics(confirmations, received("1")), ["x"]);
    confirmations.begin([received("1")]);
    confirmations.giveUp(received("1"));
    assertEquals(topics(confirmations, received("1")), []);
    assertEquals(topics(confirmations, received("2")), ["x"]);
  });

  it("counts two as together, and gives up what it never knew", () => {
    const confirmations = new Confirmations();
    const [one, two] = [received("1"), received("2")];
    confirmations.begin([one]);
    confirmations.keep([one], new Set(["x"]));
    confirmations.begin([one, two]);
    confirmations.giveUp(one);
    confirmations.giveUp(two);
    assertEquals(topics(confirmations, one), ["x"]);
    assertEquals(topics(confirmations, two), []);
  });

  it("remembers so many at most", () => {
    const confirmations = new Confirmations();
    for (let at = 0; at <= 10_000; at++) {
      confirmations.keep([received(String(at))], new Set(["x"]));
    }
    assertEquals(topics(confirmations, received("0")), []);
    assertEquals(topics(confirmations, received("1")), ["x"]);
    assertEquals(topics(confirmations, received("10000")), ["x"]);
  });
});
