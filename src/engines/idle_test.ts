import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Idle } from "./idle.ts";
import { createMesh } from "./mesh.ts";
import { NODE_PARK } from "../ring/layout.ts";
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

describe("a thread that goes to sleep", () => {
  it("lets the event loop have a turn before", async () => {
    const { cells, words } = createMesh(1, 1_024);
    let turns = 0;
    const sleep = new Promise<number>((resolve) => {
      cells.waitAsync = () => {
        resolve(turns);
        return { async: true, value: new Promise(() => {}) };
      };
    });
    const idle = new Idle({ cells, words }, {
      turn: () => {
        turns++;
        return false;
      },
      hasWork: () => false,
    });
    idle.schedule();
    assertEquals(await sleep, 2);
    idle.end();
  });

  it("looks once more after it has said so: what came in between wakes nobody", async () => {
    const { cells, words } = createMesh(1, 1_024);
    let hasCome = false;
    let isHandled = false;
    const store = cells.store.bind(cells);
    cells.store = (index, value) => {
      // The other side sends now, and finds nobody asleep.
      if (index === words + NODE_PARK && value === 1) hasCome = true;
      store(index, value);
    };
    const idle = new Idle({ cells, words }, {
      turn: () => {
        isHandled = hasCome;
        return false;
      },
      hasWork: () => hasCome && !isHandled,
    });
    idle.schedule();
    for (let i = 0; i < 50 && !isHandled; i++) await turn();
    idle.end();
    await turn();
    assertEquals(isHandled, true);
  });
});
