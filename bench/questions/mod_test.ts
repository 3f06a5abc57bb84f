import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { QUESTIONS } from "./mod.ts";

describe("questions", () => {
  it("have ids of their own, which name their charts", () => {
    const ids = QUESTIONS.map(({ id }) => id);
    assertEquals(new Set(ids).size, ids.length);
    for (const id of ids) assert(/^[a-z_]+$/.test(id), id);
  });

  it("have a chart each, which the README shows", async () => {
    const page = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
    const drawn = Array.from(Deno.readDirSync(new URL("../results/", import.meta.url)))
      .map(({ name }) => name).filter((name) => name.endsWith(".svg"));
    assertEquals(drawn.filter((name) => !page.includes(`(bench/results/${name})`)), []);
    const ids = QUESTIONS.map(({ id }) => `${id}.svg`);
    assertEquals(drawn.sort(), ids.sort());
  });

  for (const { id, cases, states } of QUESTIONS) {
    it(`'${id}' has one subject of a name in a case, and goals that can be judged`, () => {
      for (const { name, subjects } of cases) {
        const names = subjects.map((subject) => subject.name);
        assertEquals(new Set(names).size, names.length, name);
        for (const subject of subjects) {
          for (const { of, state = "used" } of subject.goals ?? []) {
            if (of !== undefined) assert(names.includes(of), `${name}: no subject '${of}'`);
            const isAnywhere = "sample" in subject;
            assert(
              isAnywhere || states.includes(state),
              `${name}: '${subject.name}' is not ${state}`,
            );
          }
        }
      }
    });
  }
});
