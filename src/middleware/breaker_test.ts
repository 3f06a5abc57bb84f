/** The states of a breaker over several rounds, without a handler and without a clock. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Breaker, type CircuitState, type Permit } from "./breaker.ts";

const LIMITS = { window: 1_000, failureRate: 0.5, minimum: 4, cooldown: 100, halfOpen: 1 };

/** A breaker, and calls that end at once. */
function world(limits: Partial<typeof LIMITS> = {}) {
  const states: CircuitState[] = [];
  const breaker = new Breaker({ ...LIMITS, ...limits }, ({ to }) => states.push(to));
  const begin = (now: number): Permit => {
    const permit = breaker.ask(now);
    assert(typeof permit !== "number", `refused for ${permit} ms`);
    return permit;
  };
  const call = (now: number, failed: boolean | undefined) =>
    breaker.report(begin(now), failed, now);
  return { breaker, states, begin, call };
}

describe("Breaker", () => {
  it("opens and closes again and again, each time by a trial of its own", () => {
    const { breaker, states, call } = world({ minimum: 1 });
    for (let round = 0; round < 5; round++) {
      const at = round * 10_000;
      call(at, true);
      assertEquals(breaker.ask(at + 99), 1);
      call(at + 100, false);
      call(at + 101, false);
    }
    assertEquals(states, Array(5).fill(["open", "half-open", "closed"]).flat());
  });

  it("asks for as many successes in each round, whatever succeeded in the one before", () => {
    const { breaker, states, begin, call } = world({ minimum: 1, halfOpen: 2 });
    call(0, true);
    call(100, false);
    call(101, true);
    assertEquals(states, ["open", "half-open", "open"]);
    const trials = [begin(201), begin(201)];
    assertEquals(breaker.ask(201), 10);
    breaker.report(trials[0]!, false, 202);
    assertEquals(states.at(-1), "half-open");
    breaker.report(trials[1]!, false, 203);
    assertEquals(states.at(-1), "closed");
  });

  it("counts anew when it has closed, though the failures before are within the window", () => {
    const { states, call } = world();
    for (let at = 0; at < 4; at++) call(at, true);
    call(103, false);
    for (let at = 104; at < 107; at++) call(at, true);
    assertEquals(states, ["open", "half-open", "closed"]);
    call(107, true);
    assertEquals(states.at(-1), "open");
  });

  it("is opened by a failure only", () => {
    const { states, call } = world();
    for (let at = 0; at < 3; at++) call(at, true);
    call(3, false);
    assertEquals(states, []);
    call(4, true);
    assertEquals(states, ["open"]);
  });

  it("has those who are refused beside a trial come again after a millisecond at least", () => {
    const { breaker, begin, call } = world({ minimum: 1, cooldown: 5 });
    call(0, true);
    begin(5);
    assertEquals(breaker.ask(5), 1);
  });
});
