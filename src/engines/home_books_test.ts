import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Ledger } from "../core/ledger.ts";
import {
  HEADER_STATE,
  NODE_SEALED,
  RING_EVENTS,
  RING_HANDLED,
  STATE_DRAINING,
} from "../ring/layout.ts";
import { HomeBooks } from "./home_books.ts";
import { createMesh } from "./mesh.ts";

describe("the books of a bus with threads", () => {
  it("never have more settled than accepted, whatever threads do while they are read", () => {
    const mesh = createMesh(1, 1_024);
    const { cells, layout } = mesh;
    const { words } = layout.ring(0, 1);
    const ledger = new Ledger();
    ledger.remote = new HomeBooks(mesh, ledger, () => {});
    const load = cells.load.bind(cells);
    let reads = 0;
    cells.load = (index) => {
      // One event comes and is handled between the two readings.
      const isOfRing = index === words + RING_EVENTS || index === words + RING_HANDLED;
      if (isOfRing && ++reads === 2) {
        cells.set(words + RING_EVENTS, 1);
        cells.store(words + RING_HANDLED, 1);
      }
      return load(index);
    };
    assertEquals(ledger.depth, 1);
    assertEquals(ledger.depth, 0);
  });
});

describe("the books of a bus that drains", () => {
  it("are not quiet where a thread emits after they were read, and then seals itself", () => {
    const mesh = createMesh(1, 1_024);
    const { cells, layout } = mesh;
    const sealed = layout.node(1) + NODE_SEALED;
    const { words } = layout.ring(1, 1);
    const ledger = new Ledger();
    ledger.remote = new HomeBooks(mesh, ledger, () => {});
    cells.store(HEADER_STATE, STATE_DRAINING);
    const load = cells.load.bind(cells);
    cells.load = (index) => {
      // The moment before home looks whether the thread takes nothing new.
      if (index === sealed) {
        cells.set(words + RING_EVENTS, 1);
        cells.store(sealed, 1);
      }
      return load(index);
    };
    assertEquals(ledger.isQuiet, false);
    cells.store(words + RING_HANDLED, 1);
    assertEquals(ledger.isQuiet, true);
  });
});
