import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FrameError } from "../ring/frame.ts";
import { HEADER_VERSION, VERSION } from "../ring/layout.ts";
import { createMesh, joinMesh } from "./mesh.ts";

describe("joinMesh()", () => {
  it("refuses memory that another version has made", () => {
    const { cells, layout } = createMesh(2, 1_024);
    const memory = cells.words.buffer as unknown as SharedArrayBuffer;
    assertEquals(joinMesh(memory, 2).layout, layout);
    cells.set(HEADER_VERSION, VERSION + 1);
    assertThrows(() => joinMesh(memory, 2), FrameError, "another version of Beat");
  });
});
