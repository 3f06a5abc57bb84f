import { readFile } from "node:fs/promises";
import { describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";
import { tablesOf } from "../_markdown/tables.ts";
import { MATRIX } from "./_matrix.ts";
import { DEATH_MATRIX, PROCESS_MATRIX } from "./_processes.ts";
import { cellsOf, COLUMNS, PROCESS_COLUMNS } from "./_table.ts";

describe("docs/runtimes.md", () => {
  it("shows the matrix as it is tested", async () => {
    const page = await readFile(new URL("../../docs/runtimes.md", import.meta.url), "utf8");
    const [threads, processes] = tablesOf(page);
    assertEquals(threads, cellsOf(MATRIX, COLUMNS));
    assertEquals(processes, cellsOf(PROCESS_MATRIX, PROCESS_COLUMNS));
  });
});

describe("docs/threads.md", () => {
  it("shows the deaths as they are tested", async () => {
    const page = await readFile(new URL("../../docs/threads.md", import.meta.url), "utf8");
    assertEquals(tablesOf(page)[0], cellsOf(DEATH_MATRIX, PROCESS_COLUMNS));
  });
});
