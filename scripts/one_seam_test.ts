import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { readText } from "./_files.ts";
import { findStrayAtomics, strayAtomicsIn } from "./_one_seam.ts";

describe("strayAtomicsIn()", () => {
  const places = (file: string, text: string) =>
    strayAtomicsIn(file, text).map((breach) => breach.split(" ")[0]);

  it("finds Atomics outside of the seam, however they are reached", () => {
    const file = "src/ring/park.ts";
    for (
      const line of [
        "return Atomics.load(words, 0);",
        "const { store } = Atomics;",
        "globalThis.Atomics.notify(words, 0);",
        'globalThis["Atomics"].store(words, 0, 1);',
        'globalThis["Ato" + "mics"].store(words, 0, 1);',
        "const text = `at ${Atomics.load(words, 0)}`;",
        "if (Atomics.waitAsync === undefined) return;",
      ]
    ) assertEquals(places(file, `\n${line}`), [`${file}:2`], line);
  });

  it("finds what is planted into the ring", () => {
    const file = "src/ring/ring_writer.ts";
    const seam = "this.#cells.store(this.#words + RING_PUBLISHED, this.#tail);";
    const text = readText(file);
    const line = text.slice(0, text.indexOf(seam)).split("\n").length;
    const stray = "Atomics.store(this.#cells.words, this.#words + RING_PUBLISHED, this.#tail);";
    assertEquals(places(file, text), []);
    assertEquals(places(file, text.replace(seam, stray)), [`${file}:${line}`]);
  });

  it("allows what is only spoken of", () => {
    const text = '/** By `Atomics.wait`. */\n// Atomics\nconst missing = "no Atomics.waitAsync";';
    assertEquals(places("src/engines/flow_threads.ts", text), []);
  });
});

describe("findStrayAtomics()", () => {
  it("finds none in the house", () => assertEquals(findStrayAtomics(), []));
});
