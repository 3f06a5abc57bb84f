import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FrameError } from "../ring/frame.ts";
import {
  HEADER_VERSION,
  RING_HEAD,
  RING_PUBLISHED,
  RING_WRITTEN,
  VERSION,
} from "../ring/layout.ts";
import { createMesh, joinMesh } from "./mesh.ts";

describe("createMesh()", () => {
  it("lets all positions begin shortly before they wrap", () => {
    const capacity = 1_024;
    const { cells, layout } = createMesh(2, capacity);
    for (const [from, to] of [[0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]) {
      const { words } = layout.ring(from, to);
      for (const word of [RING_PUBLISHED, RING_WRITTEN, RING_HEAD]) {
        assertEquals(cells.get(words + word) >>> 0, 2 ** 32 - 2 * capacity);
      }
    }
  });
});

describe("joinMesh()", () => {
  it("refuses memory that another version has made", () => {
    const { cells, layout } = createMesh(2, 1_024);
    const memory = cells.words.buffer as unknown as SharedArrayBuffer;
    assertEquals(joinMesh(memory, 2).layout, layout);
    cells.set(HEADER_VERSION, VERSION + 1);
    assertThrows(() => joinMesh(memory, 2), FrameError, "another version of Beat");
  });
});
