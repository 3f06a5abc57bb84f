import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Idle } from "./idle.ts";
import { createMesh } from "./mesh.ts";
import { turn } from "./testdata/waits.ts";

describe("a thread that finds something to do whenever it looks, and never much", () => {
  it("lets the event loop have turns", async () => {
    const most = 1_000_000;
    let turns = 0;
    const idle = new Idle(createMesh(1, 1_024), {
      turn: () => {
        turns++;
        return false;
      },
      hasWork: () => turns < most,
    });
    idle.schedule();
    await turn();
    await turn();
    const before = turns;
    idle.end();
    assert(before > 0 && before < most, `a timer came after ${before} turns`);
    await turn();
    assertEquals(turns, before);
  });
});
