import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readInfo } from "./delivery_info.ts";

describe("readInfo()", () => {
  const info = { durable: "all", count: 2, sequence: 17, time: 1_700_000_000_123 };

  it("reads what servers say without domain and account", () => {
    assertEquals(readInfo("$JS.ACK.orders.all.2.17.21.1700000000123456789.3"), info);
  });

  it("reads what servers say with domain and account, and with more at the end", () => {
    const subject = "$JS.ACK.hub.ACC123.orders.all.2.17.21.1700000000123456789.3";
    assertEquals(readInfo(subject), info);
    assertEquals(readInfo(`${subject}.random`), info);
  });
});
