import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LaneReader } from "./lane_reader.ts";
import type { StreamEntry } from "./stream_lane.ts";

const [A, B, C] = ["a", "b", "c"].map((stream, at) => ({ stream, last: `${at + 1}-0` }));
const { signal } = new AbortController();

interface TestLane {
  readonly stream: string;
  readonly last: string;
}

/** A reader of lanes, what it has asked the server, and what the server has. */
function readerOf(words = ["XREAD"]) {
  const commands: (readonly (string | number)[])[] = [];
  const streams = new Map<string, StreamEntry[]>();
  const reader = {
    read(command: readonly (string | number)[]) {
      commands.push(command);
      return Promise.resolve(streams);
    },
  };
  const after = ({ last }: TestLane) => last;
  return {
    lanes: new LaneReader<TestLane>({ reader, words, after, idle: "idle" }),
    commands,
    streams,
  };
}

describe("LaneReader", () => {
  it("asks each stream for its share, and for one entry at least", async () => {
    const { lanes, commands } = readerOf();
    for (const room of [7, 2]) await lanes.read([A!, B!], { room, wait: 1_000, signal });
    const tail = ["BLOCK", 1_000, "STREAMS", "a", "b", "1-0", "2-0"];
    assertEquals(commands, [["XREAD", "COUNT", 3, ...tail], ["XREAD", "COUNT", 1, ...tail]]);
  });

  it("waits where there is nothing to read from, and never for ever", async () => {
    const { lanes, commands } = readerOf(["XREADGROUP", "GROUP", "all", "one"]);
    await lanes.read([], { room: 7, wait: 0, signal });
    assertEquals(commands, [["XREAD", "BLOCK", 1, "STREAMS", "idle", "$"]]);
  });

  it("reads each in its turn where there is no room for all, and waits for none of them long", async () => {
    const { lanes, commands } = readerOf();
    for (let turn = 0; turn < 3; turn++) {
      await lanes.read([A!, B!, C!], { room: 2, wait: 1_000, signal });
    }
    const asked = commands.map((command) => command.slice(6, 8).join(""));
    assertEquals(asked, ["ab", "ca", "bc"]);
    assertEquals(commands.map((command) => command[4]), [50, 50, 50]);
  });

  it("tells what came by its lane", async () => {
    const { lanes, streams } = readerOf();
    const entries = [{ id: "3-0", fields: [], count: 1 }];
    streams.set("b", entries);
    const found = await lanes.read([A!, B!], { room: 7, wait: 1_000, signal });
    assertEquals(found, [[B!, entries]]);
  });
});
