import { describe, it } from "@std/testing/bdd";
import { assertEquals } from "@std/assert";
import { readEnvironment } from "./environment.ts";

const NAME = "BEAT_TEST_OF_ENVIRONMENT";

interface Globals {
  Deno?: unknown;
  process?: { env: Record<string, string | undefined> };
}

const globals = globalThis as unknown as Globals;

/** Runs `action` with another `Deno`; none at all if it is `undefined`. */
function withDeno(deno: unknown, action: () => void): void {
  const own = Object.getOwnPropertyDescriptor(globalThis, "Deno");
  Object.defineProperty(globalThis, "Deno", { value: deno, configurable: true, writable: true });
  try {
    action();
  } finally {
    if (own === undefined) delete globals.Deno;
    else Object.defineProperty(globalThis, "Deno", own);
  }
}

function fakeDeno(state: string) {
  const reads: string[] = [];
  const asked: unknown[] = [];
  const deno = {
    permissions: {
      querySync(descriptor: unknown) {
        asked.push(descriptor);
        return { state };
      },
    },
    env: {
      get(name: string) {
        reads.push(name);
        return "its value";
      },
    },
  };
  return { deno, reads, asked };
}

describe("readEnvironment()", () => {
  it("reads what is granted on Deno, and asks for no more than that name", () => {
    const { deno, reads, asked } = fakeDeno("granted");
    withDeno(deno, () => assertEquals(readEnvironment(NAME), "its value"));
    assertEquals(asked, [{ name: "env", variable: NAME }]);
    assertEquals(reads, [NAME]);
  });

  for (const state of ["prompt", "denied"]) {
    it(`does not even try on Deno while the permission is "${state}"`, () => {
      const { deno, reads } = fakeDeno(state);
      withDeno(deno, () => assertEquals(readEnvironment(NAME), undefined));
      assertEquals(reads, []);
    });
  }

  it("finds nothing where asking throws", () => {
    const { deno } = fakeDeno("granted");
    deno.permissions.querySync = () => {
      throw new Error("no permissions here");
    };
    withDeno(deno, () => assertEquals(readEnvironment(NAME), undefined));
  });

  it("reads the environment of the process where there is no Deno", () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, "process");
    const process = { env: { [NAME]: "its value" } };
    Object.defineProperty(globalThis, "process", { value: process, configurable: true });
    try {
      withDeno(undefined, () => {
        assertEquals(readEnvironment(NAME), "its value");
        assertEquals(readEnvironment(`${NAME}_NOT_SET`), undefined);
      });
    } finally {
      if (own === undefined) delete globals.process;
      else Object.defineProperty(globalThis, "process", own);
    }
  });

  it("reads a variable of this runtime if it has an environment that may be read", () => {
    const expected = setVariable("seen") ? "seen" : undefined;
    try {
      assertEquals(readEnvironment(NAME), expected);
    } finally {
      setVariable(undefined);
    }
    assertEquals(readEnvironment(NAME), undefined);
  });
});

/** Sets a variable by the runtime's own means, and says whether that could be done. */
function setVariable(value: string | undefined): boolean {
  const { Deno: deno } = globalThis as unknown as {
    Deno?: {
      permissions: { querySync(descriptor: object): { state: string } };
      env: { set(name: string, value: string): void; delete(name: string): void };
    };
  };
  if (deno !== undefined) {
    const { state } = deno.permissions.querySync({ name: "env", variable: NAME });
    if (state !== "granted") return false;
    if (value === undefined) deno.env.delete(NAME);
    else deno.env.set(NAME, value);
    return true;
  }
  if (globals.process === undefined) return false;
  if (value === undefined) delete globals.process.env[NAME];
  else globals.process.env[NAME] = value;
  return true;
}
