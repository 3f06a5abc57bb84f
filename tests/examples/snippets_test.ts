import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { pathOf, runProgram } from "./_program.ts";
import { anchored, snippetsIn } from "./_snippets.ts";

/** README.md and whatever stands in docs/, as far as they exist. */
function findPages(): string[] {
  const docs = existsSync(pathOf("docs"))
    ? readdirSync(pathOf("docs"), { recursive: true, encoding: "utf8" })
    : [];
  return ["README.md", ...docs.map((file) => `docs/${file.replaceAll("\\", "/")}`)]
    .filter((file) => file.endsWith(".md") && existsSync(pathOf(file)))
    .sort();
}

describe("snippetsIn", () => {
  it("finds TypeScript and nothing else, with the lines of the fences", () => {
    const page = [
      "# Page",
      "```ts",
      "first();",
      "",
      "```",
      "```sh",
      "no code",
      "```",
      "```typescript",
      "second();",
      "```",
      "Inline ```ts``` is none.",
      "```tsx",
      "<p />",
      "```",
    ].join("\n");
    assertEquals(snippetsIn(page), [
      { line: 2, code: "first();\n\n" },
      { line: 9, code: "second();\n" },
    ]);
  });

  it("leaves out what is to be ignored", () => {
    assertEquals(snippetsIn("```ts ignore\nx\n```\n```ts,ignore\nx\n```\n"), []);
  });

  it("takes the indentation of a list away", () => {
    const page = "- item\n  ```ts\n  if (true) {\n    f();\n  }\n  ```\n";
    assertEquals(snippetsIn(page), [{ line: 2, code: "if (true) {\n  f();\n}\n" }]);
  });

  it("knows line ends of Windows and longer fences", () => {
    assertEquals(snippetsIn("```ts\r\na();\r\n```\r\n"), [{ line: 1, code: "a();\n" }]);
    assertEquals(snippetsIn("````ts\n// ```\n````\n"), [{ line: 1, code: "// ```\n" }]);
  });
});

describe("anchored", () => {
  it("resolves paths from the page, and leaves names alone", () => {
    const code = 'import { a } from "@beat/beat";\nimport {\n  b,\n} from "../examples/b.ts";\n';
    assertEquals(
      anchored(code, new URL("file:///house/docs/page.md")),
      'import { a } from "@beat/beat";\nimport {\n  b,\n} from "file:///house/examples/b.ts";\n',
    );
  });
});

describe("README.md", () => {
  const page = readFileSync(pathOf("README.md"), "utf8");
  const blocks = [...page.matchAll(/^[ \t]*```(\S[^\n]*)\n(.*?)^[ \t]*```$/gms)];

  it("has no code that nobody runs: all is TypeScript, but for commands and configuration", () => {
    const languages = blocks.map(([, language]) => language);
    assertEquals([...new Set(languages)].sort(), ["json", "sh", "ts"]);
    assertEquals(snippetsIn(page).length, languages.filter((each) => each === "ts").length);
  });

  it("has configuration that can be read", () => {
    for (const [, language, text] of blocks) if (language === "json") JSON.parse(text!);
  });
});

// On Deno, `deno test --doc` checks and runs them.
if (!("deno" in process.versions)) {
  describe("snippets", () => {
    let folder: string;
    beforeAll(async () => {
      // Inside the repository, so that names resolve as they do for its users.
      folder = await mkdtemp(pathOf("tests/examples/.tmp-"));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    for (const page of findPages()) {
      for (const { line, code } of snippetsIn(readFileSync(pathOf(page), "utf8"))) {
        it(`${page}:${line} runs`, async () => {
          const file = `${folder}/${page.replaceAll(/\W/g, "_")}_${line}.ts`;
          await writeFile(file, anchored(code, pathToFileURL(pathOf(page))));
          const ended = await runProgram(file);
          assertEquals(ended.code, 0, `\n${ended.stderr}`);
        });
      }
    }
  });
}
