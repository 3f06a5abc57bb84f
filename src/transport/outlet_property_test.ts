import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import fc from "fast-check";
import { CloseTimeoutError, PublishError, type PublishOutcome } from "../message/errors.ts";
import { Outlet } from "./outlet.ts";
import type { SendFailure } from "./port.ts";
import { type OpenSend, rec, ScriptedSink, settle } from "./testdata/scripted_sink.ts";

/** What the test knows of one record: whether it was sent, in which send, and what the sink said. */
interface Fate {
  readonly id: string;
  readonly key: string;
  send?: OpenSend;
  said?: "confirmed" | PublishOutcome;
}

/** What the test knows of one call. */
interface Call {
  readonly fates: readonly Fate[];
  readonly controller: AbortController;
  outcome?: PublishError | "resolved";
  /** Those that were on their way when the signal aborted. */
  doubtful?: readonly Fate[];
}

type Step =
  | { do: "publish"; keys: string[]; hurries: boolean }
  | { do: "answer"; at: number; failed: number[]; outcome: "rejected" | "unknown" }
  | { do: "lose"; at: number }
  | { do: "abort"; at: number };

const at = fc.nat(20);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("publish" as const),
        keys: fc.array(fc.constantFrom("a", "b", "c", ""), { minLength: 1, maxLength: 6 }),
        // Whether the next step follows in the same turn.
        hurries: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("answer" as const),
        at,
        failed: fc.array(fc.nat(3), { maxLength: 2 }),
        outcome: fc.constantFrom("rejected" as const, "unknown" as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const), at }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("abort" as const), at }) },
  ),
  { maxLength: 40 },
);

interface WorldOptions {
  capacity: number;
  batch: number;
  bytes: number;
  lanes: number;
  /** Whether each key has a lane of its own. */
  lanePerKey: boolean;
  /** How the test ends: all is answered and then closed, the other way round, or never answered. */
  end: "answered" | "closed" | "expired";
}

const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  capacity: fc.integer({ min: 1, max: 8 }),
  batch: fc.integer({ min: 1, max: 4 }),
  bytes: fc.constantFrom(3, 9, Infinity),
  lanes: fc.integer({ min: 1, max: 4 }),
  lanePerKey: fc.boolean(),
  end: fc.constantFrom("answered" as const, "closed" as const, "expired" as const),
});

/** A sink that holds the outlet to its promises while it is used. */
class WatchedSink extends ScriptedSink {
  readonly #fates: Map<string, Fate>;
  readonly #last = new Map<string, number>();

  constructor(fates: Map<string, Fate>) {
    super();
    this.#fates = fates;
  }

  override send(lane: string, items: Parameters<ScriptedSink["send"]>[1]) {
    const { batch, bytes, lanes } = this.limits;
    assert(this.open.every((send) => send.lane !== lane), "one send per lane");
    assert(this.open.length < lanes, "lanes in flight");
    assert(items.length > 0 && items.length <= batch, "items of a send");
    const size = items.reduce((sum, { rec }) => sum + rec.id.length + rec.key.length, 0);
    assert(size <= bytes || items.length === 1, "bytes of a send");
    const sent = super.send(lane, items);
    for (const { rec } of items) {
      const fate = this.#fates.get(rec.id)!;
      assertEquals(fate.send, undefined, "sent once");
      fate.send = this.open.at(-1)!;
      const order = Number(rec.id.slice(rec.key.length));
      assert(order > (this.#last.get(lane) ?? -1), "in the order of publishing");
      this.#last.set(lane, order);
    }
    return sent;
  }
}

class World {
  readonly fates = new Map<string, Fate>();
  readonly calls: Call[] = [];
  readonly sink = new WatchedSink(this.fates);
  readonly outlet: Outlet;
  readonly capacity: number;
  listeners = 0;
  #count = 0;

  constructor({ capacity, lanePerKey, batch, bytes, lanes }: WorldOptions) {
    this.capacity = capacity;
    this.sink.limits = { batch, bytes, lanes };
    if (!lanePerKey) this.sink.lane = (_topic, { key }) => key <= "a" ? "first" : "second";
    this.outlet = new Outlet(this.sink, { capacity });
  }

  publish(keys: readonly string[]): void {
    const recs = keys.map((key) => rec(key, this.#count++));
    const fates = recs.map(({ id, key }): Fate => ({ id, key }));
    for (const fate of fates) this.fates.set(fate.id, fate);
    const controller = new AbortController();
    const call: Call = { fates, controller };
    this.calls.push(call);
    this.#watch(controller.signal);
    this.outlet.publish("t", recs, controller.signal).then(
      () => this.#settled(call, "resolved"),
      (error) => this.#settled(call, error),
    );
  }

  async answer(send: OpenSend | undefined, failures: Record<number, SendFailure>): Promise<void> {
    if (send === undefined) return;
    send.items.forEach(({ rec }, at) => {
      this.fates.get(rec.id)!.said = failures[at]?.outcome ?? "confirmed";
    });
    await send.confirm(failures);
  }

  async lose(send: OpenSend | undefined): Promise<void> {
    if (send === undefined) return;
    for (const { rec } of send.items) this.fates.get(rec.id)!.said = "unknown";
    await send.lose("lost");
  }

  async abort(call: Call | undefined): Promise<void> {
    if (call === undefined || call.outcome !== undefined) return;
    call.doubtful = call.fates.filter(({ send, said }) => send !== undefined && said === undefined);
    call.controller.abort("aborted");
    await settle();
    assert(call.outcome !== undefined, "a signal ends the wait");
  }

  async drain(): Promise<void> {
    await settle();
    while (this.sink.open.length > 0) await this.answer(this.sink.open[0], {});
  }

  /** Nothing that could be sent waits; and what is on its way fits into the queue. */
  checkProgress(): void {
    const open = this.calls.filter(({ outcome }) => outcome === undefined);
    assert(open.length === 0 || this.sink.open.length > 0, "what waits, waits for the sink");
    const started = open.filter(({ fates }) => fates.some(({ send }) => send !== undefined));
    const taken = started.flatMap(({ fates }) => fates.filter((fate) => isTaken(fate, fates)));
    assert(taken.length <= this.capacity || started.length === 1, "records beyond the capacity");
  }

  /** What each call was told is what happened to its messages. */
  checkOutcomes(expired: boolean): void {
    for (const { fates, outcome, doubtful = [] } of this.calls) {
      assert(outcome !== undefined, "every publish settles");
      const told = new Map<number, PublishOutcome>();
      if (outcome instanceof PublishError) {
        for (const { index, outcome: one } of outcome.failed) told.set(index, one);
        const indices = outcome.failed.map(({ index }) => index);
        assertEquals(indices, [...new Set(indices)].toSorted((one, other) => one - other));
      } else assertEquals(outcome, "resolved");
      fates.forEach((fate, index) => {
        const doubt = doubtful.includes(fate) || (expired && fate.said === undefined);
        const happened = fate.send === undefined ? "not-attempted" : doubt ? "unknown" : fate.said!;
        assertEquals(told.get(index) ?? "confirmed", happened, `${fate.id} of ${outcome}`);
      });
      checkKeys(fates);
    }
    assertEquals(this.listeners, 0);
  }

  #settled(call: Call, outcome: PublishError | "resolved"): void {
    assertEquals(call.outcome, undefined);
    call.outcome = outcome;
  }

  #watch(signal: AbortSignal): void {
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      this.listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      this.listeners--;
      remove(...args);
    };
  }
}

/** Whether a message of a call that has begun holds room; one whose key failed may have left. */
function isTaken(fate: Fate, fates: readonly Fate[]): boolean {
  if (fate.said !== undefined) return false;
  const failed = fates.some(({ key, said }) =>
    key !== "" && key === fate.key && said !== undefined && said !== "confirmed"
  );
  return fate.send !== undefined || !failed;
}

/** After a failure of a key, no later message of that key and call is in a later send. */
function checkKeys(fates: readonly Fate[]): void {
  fates.forEach((failed, index) => {
    if (failed.key === "" || failed.said === "confirmed" || failed.said === undefined) return;
    for (const later of fates.slice(index + 1)) {
      assert(later.key !== failed.key || later.send === undefined || later.send === failed.send);
    }
  });
}

describe("outlet, whatever happens", () => {
  it("settles every publish once and truly, in order, within its limits", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, steps, async (options, steps) => {
        const { end } = options;
        const world = new World(options);
        const { sink, outlet, calls } = world;
        for (const step of steps) {
          if (step.do === "publish") {
            world.publish(step.keys);
            if (step.hurries) continue;
            await settle();
          } else if (step.do === "abort") {
            await world.abort(calls[step.at % calls.length]);
          } else {
            const send = sink.open[step.at % sink.open.length];
            if (step.do === "lose") await world.lose(send);
            else {
              const failure = { cause: "refused", outcome: step.outcome };
              const failures = step.failed.map((at) => [at, failure] as const);
              await world.answer(send, Object.fromEntries(failures));
            }
          }
          world.checkProgress();
        }
        if (end === "answered") await world.drain();
        const unsettled = calls.filter(({ outcome }) => outcome === undefined);
        const closing = end === "expired"
          ? outlet.close({ timeout: 0 })
          : outlet.close({ timeout: Infinity });
        const closed = closing.then(() => undefined, (error) => error);
        if (end === "closed") await world.drain();
        const error = await closed;
        assertEquals(sink.closed, 1);
        if (end === "expired" && unsettled.length > 0) assert(error instanceof CloseTimeoutError);
        else if (end !== "expired") assertEquals(error, undefined);
        await settle();
        world.checkOutcomes(end === "expired");
        const before = sink.sent.length;
        await world.drain();
        assertEquals(sink.sent.length, before, "nothing is sent after the end");
      }),
      { numRuns: 500 },
    );
  });
});
