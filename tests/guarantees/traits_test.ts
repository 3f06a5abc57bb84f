import { readFile } from "node:fs/promises";
import { describe, it } from "@std/testing/bdd";
import { assert, assertEquals } from "@std/assert";
import { tablesOf } from "../_markdown/tables.ts";
import { CHAPTERS, type Claim, HEADING, rowOf } from "./_claims.ts";
import { askAll, TRANSPORTS } from "./_transports.ts";

const ROOT = new URL("../../", import.meta.url);
const facts = await askAll();

describe("docs/guarantees.md", () => {
  it("shows of all transports what their traits say", async () => {
    const tables = tablesOf(await readFile(new URL("docs/guarantees.md", ROOT), "utf8"));
    const table = tables.find(([heading]) => heading!.join() === HEADING.join());
    const rows = Array.from(facts, ([name, own]) => rowOf(name, own));
    assertEquals(table, [HEADING, ...rows]);
  });
});

describe("the README of an adapter", () => {
  for (const { transport, page, column, claims } of CHAPTERS) {
    it(`promises what the traits of ${transport} say`, async () => {
      const tables = tablesOf(await readFile(new URL(`adapters/${page}/README.md`, ROOT), "utf8"));
      const wrong = claims(facts.get(transport)!)
        .filter((claim) => claim.says.test(cellOf(tables, claim.row, column)) !== claim.holds)
        .map(({ row, says, holds }: Claim) => `${row}: ${says} should be ${holds}`);
      assertEquals(wrong, []);
    });
  }

  it("is looked at for each adapter with groups or a broker of its own", async () => {
    const elsewhere = ["memory", "local", "http"];
    const looked = [...elsewhere, ...CHAPTERS.map(({ transport }) => transport)];
    assertEquals(looked.sort(), Object.keys(TRANSPORTS).sort());
    // They stand in the table of docs/guarantees.md itself.
    const page = await readFile(new URL("docs/guarantees.md", ROOT), "utf8");
    for (const name of elsewhere) assert(page.includes(`\n| ${name}`), name);
  });
});

/** A cell of one of the tables, or what its row has beside its name. */
function cellOf(tables: readonly string[][][], name: string, column?: string): string {
  for (const [heading, ...rows] of tables) {
    const row = rows.find(([first]) => first === name);
    const place = column === undefined ? undefined : heading!.indexOf(column);
    if (row !== undefined && place !== -1) {
      return place === undefined ? row.slice(1).join(" ").trim() : row[place]!;
    }
  }
  throw new Error(`There is no row '${name}'`);
}
