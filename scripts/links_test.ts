import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { deadLinksIn } from "./_links.ts";

describe("deadLinksIn()", () => {
  const found = (text: string) =>
    deadLinksIn("docs/guide.md", text, (path) => ["README.md", "docs/a.md"].includes(path));

  it("finds links and pictures that lead nowhere, from where the page is", () => {
    assertEquals(found("[a](a.md) ![b](../README.md)"), []);
    assertEquals(found("[a](b.md)\n![c](../a.svg)"), [
      "docs/guide.md links to b.md, which is not there",
      "docs/guide.md links to ../a.svg, which is not there",
    ]);
    assertEquals(found("[a](b.md#part)").length, 1);
  });

  it("looks neither at other sites, nor within the page, nor into code", () => {
    assertEquals(found("[a](https://example.com/b) [c](#part)"), []);
    assertEquals(found("```ts\nlist[0](nowhere)\n```"), []);
  });
});
