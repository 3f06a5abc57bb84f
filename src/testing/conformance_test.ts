import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { MemoryBroker } from "../memory/mod.ts";
import type { Traits } from "../transport/port.ts";
import { CASES } from "./cases/mod.ts";
import { conformance, runCase } from "./conformance.ts";
import { type ConformanceOptions, resolveTerms, type TestRegistrar } from "./options.ts";

const TRAITS = new MemoryBroker().traits;

/** Remembers what is registered. */
function remembering(how: "skip" | "ignore" = "skip") {
  const run: string[] = [];
  const skipped: string[] = [];
  const test: TestRegistrar = Object.assign(
    (name: string) => run.push(name),
    { [how]: (name: string) => skipped.push(name) },
  );
  return { test, run, skipped };
}

function register(options: Partial<ConformanceOptions>): Promise<void> {
  const { test } = remembering();
  const connect = () => new MemoryBroker();
  return conformance({ test, connect, inProcess: true, traits: TRAITS, ...options });
}

describe("conformance()", () => {
  it("registers every test, to be run or to be skipped with its reason", async () => {
    for (const how of ["skip", "ignore"] as const) {
      const { test, run, skipped } = remembering(how);
      await register({ test });
      assertEquals(run.length + skipped.length, CASES.length);
      assert(run.length > 35);
      for (const name of skipped) {
        assertMatch(
          name,
          /\(skipped as (the broker lives in this process|no 'maxPayload'|a member may own|what a consumer has stays)/,
        );
      }
    }
  });

  it("registers at once when it is told the traits, and asks a connection otherwise", async () => {
    const { test, run } = remembering();
    let closed = 0;
    const connect = () =>
      Object.assign(new MemoryBroker(), { close: () => Promise.resolve(void closed++) });
    const registered = conformance({ test, connect, inProcess: true, traits: TRAITS });
    assert(run.length > 0);
    await registered;
    assertEquals(closed, 0);
    run.length = 0;
    await conformance({ test, connect, inProcess: true });
    assertEquals(closed, 1);
    assert(run.length > 0);
  });

  it("skips only what the traits do not promise", async () => {
    const poor: Traits = {
      ...TRAITS,
      settle: "none",
      retained: false,
      groups: false,
      keyOrder: "none",
    };
    const { test, skipped } = remembering();
    await register({ test, traits: poor });
    const reasons = new Set(skipped.map((name) => /\(skipped as (.*)\)$/.exec(name)![1]!));
    assertEquals(
      [...reasons].sort(),
      [
        "no 'maxPayload' was given, so no message is too large for the broker",
        "the broker lives in this process and ends with it",
        "the transport has no consumer groups",
        "the transport keeps no order",
        "the transport keeps nothing for who comes later",
      ],
    );
    const never = [
      "headers:",
      "batch:",
      "clock: a consumer",
      "leaks:",
      "iterate:",
      "backpressure:",
    ];
    for (const start of never) assert(!skipped.some((name) => name.startsWith(start)), start);
  });

  it("refuses a transport behind a network without 'restartBroker'", async () => {
    await assertRejects(() => register({ inProcess: false }), TypeError, "'restartBroker'");
    await register({ inProcess: false, restartBroker: () => Promise.resolve() });
    await assertRejects(
      () => register({ restartBroker: () => Promise.resolve() }),
      TypeError,
      "'restartBroker' must be left out with 'inProcess'",
    );
  });

  it("refuses options that are malformed or unknown", async () => {
    const malformed: [option: string, value: unknown][] = [
      ["test", () => {}],
      ["connect", {}],
      ["maxPayload", 0],
      ["deadline", -1],
      ["quiet", "long"],
      ["short", 1],
      ["restart", () => {}],
    ];
    for (const [option, value] of malformed) {
      await assertRejects(
        () => register({ [option]: value }),
        Error,
        `Cannot register the conformance suite as`,
      );
    }
  });

  it("fails every test of a connection whose traits are others", async () => {
    const terms = resolveTerms(
      { test: it, connect: () => new MemoryBroker(), inProcess: true },
      { ...TRAITS, keyOrder: "none" },
    );
    await assertRejects(() => runCase(CASES[0]!, terms), Error, "The traits of a connection");
  });

  it("takes 15 s beside a lease, and publishes much, unless told otherwise", async () => {
    const connect = () => new MemoryBroker();
    const options = { test: it, connect, inProcess: true };
    const terms = resolveTerms(options, { ...TRAITS, lease: 700 });
    const { deadline, quiet, short, maxPayload } = terms;
    assertEquals([deadline, quiet, short, maxPayload], [15_700, 100, false, Infinity]);
    assertEquals(await terms.topic({ test: "order: any", name: "conformance-1" }), "conformance-1");
  });

  it("closes what a test opened, whether it fails or not", async () => {
    for (const fails of [false, true]) {
      let open = 0;
      const connect = () => {
        open++;
        return Object.assign(new MemoryBroker(), { close: () => Promise.resolve(void open--) });
      };
      const terms = resolveTerms({ test: it, connect, inProcess: true }, TRAITS);
      const running = runCase({
        name: "close: both",
        async run(world) {
          await world.publisher();
          await world.inbox(await world.topic());
          assertEquals(open, 2);
          if (fails) throw new Error("It fails");
        },
      }, terms);
      if (fails) await assertRejects(() => running, Error, "It fails");
      else await running;
      assertEquals(open, 0);
    }
  });

  it("asks for the name of a topic with the test that it is for", async () => {
    const asked: string[] = [];
    const terms = resolveTerms({
      test: it,
      connect: () => new MemoryBroker(),
      inProcess: true,
      topic({ test, name }) {
        asked.push(test);
        assertMatch(name, /^conformance-[a-z0-9-]+$/);
        return Promise.resolve(`own.${name}`);
      },
    }, TRAITS);
    await runCase({
      name: "headers: any",
      run: async (world) => assert((await world.topic()).startsWith("own.conformance-headers-any")),
    }, terms);
    assertEquals(asked, ["headers: any"]);
  });
});
