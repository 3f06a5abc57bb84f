import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { Registration } from "./registration.ts";
import { WildcardTree } from "./wildcards.ts";

const owner = { remove: () => true };

function register(pattern: string, order = 0): Registration {
  return new Registration(owner, pattern, order, () => {});
}

function matches(pattern: string, type: string): boolean {
  const tree = new WildcardTree();
  tree.add(register(pattern));
  const found: Registration[] = [];
  tree.collect(type, found);
  return found.length === 1;
}

/** The definition, by recursion: slow, and evidently right. */
function matchesByDefinition(pattern: string[], type: string[]): boolean {
  if (pattern.length === 0) return type.length === 0;
  const [head, ...rest] = pattern;
  if (head === "**") {
    return matchesByDefinition(rest, type) ||
      (type.length > 0 && matchesByDefinition(pattern, type.slice(1)));
  }
  return type.length > 0 && (head === "*" || head === type[0]) &&
    matchesByDefinition(rest, type.slice(1));
}

describe("WildcardTree", () => {
  const yes: [pattern: string, type: string][] = [
    ["*", "a"],
    ["*", "*"],
    ["a.*", "a.b"],
    ["a.*", "a."],
    ["*.b", "a.b"],
    ["**", "a"],
    ["**", "a.b.c"],
    ["a.**", "a"],
    ["a.**", "a.b.c"],
    ["**.c", "c"],
    ["**.c", "a.b.c"],
    ["a.**.c", "a.c"],
    ["a.**.c", "a.b.b.c"],
    ["a.**.b.**.c", "a.b.b.b.c"],
    ["**.**", "a"],
    ["*.**", "a"],
    ["a.*", "a.**"],
  ];
  for (const [pattern, type] of yes) {
    it(`matches '${type}' by '${pattern}'`, () => assertEquals(matches(pattern, type), true));
  }

  const no: [pattern: string, type: string][] = [
    ["*", "a.b"],
    ["a.*", "a"],
    ["a.*", "a.b.c"],
    ["*.b", "b"],
    ["a.**.c", "a.b"],
    ["a.**.c", "c"],
    ["**.c", "c.d"],
  ];
  for (const [pattern, type] of no) {
    it(`does not match '${type}' by '${pattern}'`, () => {
      assertEquals(matches(pattern, type), false);
    });
  }

  it("agrees with the definition for any pattern and type", () => {
    const segments = (...units: string[]) =>
      fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(segments("a", "b", "*", "**"), segments("a", "b", "", "*", "**"), (p, t) => {
        assertEquals(matches(p.join("."), t.join(".")), matchesByDefinition(p, t));
      }),
      { numRuns: 3_000 },
    );
  });

  it("finds after any adds and removes what a list of the patterns finds", () => {
    const pattern = fc.array(fc.constantFrom("a", "b", "*", "**"), { minLength: 1, maxLength: 4 });
    const type = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 5 });
    const step = fc.record({ pattern, remove: fc.boolean(), pick: fc.nat() });
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), type, (steps, type) => {
      const tree = new WildcardTree();
      const model: Registration[] = [];
      steps.forEach(({ pattern, remove, pick }, order) => {
        if (remove && model.length > 0) {
          tree.remove(model.splice(pick % model.length, 1)[0]);
        } else {
          model.push(register(pattern.join("."), order));
          tree.add(model[model.length - 1]);
        }
      });
      const found: Registration[] = [];
      tree.collect(type.join("."), found);
      assertEquals(
        found.map((each) => each.order).sort((a, b) => a - b),
        model.filter((each) => matchesByDefinition(each.pattern.split("."), type))
          .map((each) => each.order),
      );
    }));
  });

  it("takes no exponential time for a hostile pattern and type", () => {
    const pattern = new Array(32).fill("**.a").join(".");
    const type = `${new Array(5_000).fill("a").join(".")}.b`;
    assertEquals(matches(pattern, type), false);
  });
});
