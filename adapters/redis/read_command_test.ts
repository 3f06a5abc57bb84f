import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readCommand, Rota } from "./read_command.ts";

const PLAN = { words: ["XREAD"], room: 7, block: 50, idle: "idle" };

describe("readCommand()", () => {
  it("asks each stream for its share, and for one entry at least", () => {
    const streams = [["a", "1-0"], ["b", "2-0"]] as const;
    const tail = ["BLOCK", 50, "STREAMS", "a", "b", "1-0", "2-0"];
    assertEquals(readCommand({ ...PLAN, streams }), ["XREAD", "COUNT", 3, ...tail]);
    assertEquals(readCommand({ ...PLAN, streams, room: 1 }), ["XREAD", "COUNT", 1, ...tail]);
  });

  it("waits where there is nothing to read from", () => {
    const words = ["XREADGROUP", "GROUP", "all", "one"];
    const command = readCommand({ ...PLAN, words, streams: [] });
    assertEquals(command, ["XREAD", "BLOCK", 50, "STREAMS", "idle", "$"]);
  });
});

describe("Rota", () => {
  it("chooses all where there is room, and each in its turn where there is not", () => {
    const rota = new Rota();
    assertEquals(rota.choose(["a", "b", "c"], 3), ["a", "b", "c"]);
    const chosen = [1, 2, 3].map(() => rota.choose(["a", "b", "c"], 2).join(""));
    assertEquals(chosen, ["ab", "ca", "bc"]);
  });
});
