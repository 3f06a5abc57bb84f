import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readCount, readInfo } from "./delivery_info.ts";

describe("readInfo()", () => {
  const info = { durable: "all", count: 2, sequence: 17, time: 1_700_000_000_123 };
  const beginning = "$JS.ACK.orders.all.";
  const withDomain = "$JS.ACK.hub.ACC123.orders.all.";

  it("reads what servers say without domain and account", () => {
    const subject = `${beginning}2.17.21.1700000000123456789.3`;
    assertEquals(readInfo(subject), { ...info, beginning });
  });

  it("reads what servers say with domain and account, and with more at the end", () => {
    const subject = `${withDomain}2.17.21.1700000000123456789.3`;
    assertEquals(readInfo(subject), { ...info, beginning: withDomain });
    assertEquals(readInfo(`${subject}.random`), { ...info, beginning: withDomain });
  });
});

describe("readCount()", () => {
  it("reads the word after the beginning", () => {
    const beginning = "$JS.ACK.orders.all.";
    assertEquals(readCount(`${beginning}123.17.21.1700000000123456789.3`, beginning), 123);
  });
});
