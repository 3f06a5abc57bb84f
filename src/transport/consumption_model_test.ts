import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import type { Message } from "../message/message.ts";
import { consume, type Consumption } from "./consumption.ts";
import type { ConsumeOptions } from "./consume_options.ts";
import { ModelBroker } from "./testdata/model_broker.ts";

/** What the next call of the handler does. */
type Script = "return" | "resolve" | "throw" | "reject" | "nack" | "early" | "late";

type Step =
  | { kind: "publish"; key: number; lane: number; script: Script[] }
  | { kind: "tick"; ms: number }
  | { kind: "rebalance"; lane: number; within: number }
  | { kind: "snatch"; lane: number }
  | { kind: "fault"; method: "fetch" | "ack" | "requeue" | "extend" | "source" }
  | { kind: "pause" }
  | { kind: "resume" }
  | { kind: "restart" };

interface World {
  settle: "each" | "prefix";
  lease: number;
  workers: number;
  prefetch: number;
  ordered: boolean;
  batch: number;
  retries: number;
  letters: boolean;
}

/** Histories a run; `RUNS=100000` looks longer. */
const RUNS = Number(readVariable("RUNS") ?? 100);
const LANES = 2;
const scripts = fc.constantFrom<Script>(
  "return",
  "resolve",
  "throw",
  "reject",
  "nack",
  "early",
  "late",
);
const world: fc.Arbitrary<World> = fc.record({
  settle: fc.constantFrom("each" as const, "prefix" as const),
  lease: fc.constantFrom(0, 1_000),
  workers: fc.integer({ min: 1, max: 4 }),
  prefetch: fc.integer({ min: 4, max: 12 }),
  ordered: fc.boolean(),
  batch: fc.constantFrom(0, 0, 2, 3),
  retries: fc.integer({ min: 0, max: 3 }),
  letters: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      key: fc.integer({ min: 0, max: 3 }),
      lane: fc.integer({ min: 0, max: LANES - 1 }),
      script: fc.array(scripts, { maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tick" as const), ms: fc.nat(700) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rebalance" as const),
      lane: fc.integer({ min: 0, max: LANES - 1 }),
      within: fc.constantFrom(0, 50, 5_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("snatch" as const),
      lane: fc.integer({ min: 0, max: LANES - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fault" as const),
      method: fc.constantFrom("fetch", "ack", "requeue", "extend", "source"),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: "pause" }, { kind: "resume" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
);

/** Runs a history against the engine, and judges all that can be seen of it. */
class Run {
  readonly #world: World;
  readonly #time: FakeTime;
  readonly #broker: ModelBroker;
  readonly #scripts = new Map<string, Script[]>();
  readonly #keys = new Map<string, string>();
  /** What was published per key, in order. */
  readonly #published = new Map<string, string[]>();
  /** Handled well, or given to the dead letters: what the broker may be told is done. */
  readonly #done = new Set<string>();
  readonly #letters: string[] = [];
  readonly #running = new Set<Message>();
  readonly #runningKeys = new Map<string, Message>();
  #violation: unknown;
  readonly #calls = new Map<string, number>();
  #consumption!: Consumption;
  #calm = false;
  #generation = 0;

  constructor(world: World, time: FakeTime) {
    this.#world = world;
    this.#time = time;
    const each = world.settle === "each";
    this.#broker = new ModelBroker({
      settle: world.settle,
      requeue: each ? "broker" : "engine",
      counts: each,
      lease: each ? world.lease : 0,
    }, LANES);
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#start();
    for (const one of steps) {
      await this.#do(one);
      this.#judge();
    }
    await this.#comeToRest();
  }

  async #start(): Promise<void> {
    const { workers, prefetch, ordered, batch, retries, letters } = this.#world;
    const options: ConsumeOptions = {
      topic: "t",
      workers,
      prefetch,
      retry: { maxRetries: retries, initialDelay: 200, jitter: "none" },
      reconnect: { initialDelay: 50, maxDelay: 50 },
    };
    if (ordered) options.ordered = "key";
    if (batch > 0) options.batch = { size: batch, maxWait: 30 };
    if (letters) {
      options.deadLetter = {
        topic: "dead",
        handler: "h",
        publish: (letter) => this.#bury(letter),
      };
    }
    const generation = ++this.#generation;
    const consumer = (messages: readonly Message[]) => this.#handle(messages, generation);
    const opened = consume(this.#broker, consumer, options);
    await this.#time.tickAsync(1_000);
    this.#consumption = await opened;
  }

  async #do(one: Step): Promise<void> {
    switch (one.kind) {
      case "publish":
        return this.#publish(one);
      case "tick":
        return await this.#time.tickAsync(one.ms);
      case "rebalance":
        void this.#broker.sessions[0]?.rebalance(one.lane, one.within);
        return await this.#time.tickAsync(1);
      case "snatch":
        this.#broker.sessions[0]?.snatch(one.lane);
        return await this.#time.tickAsync(1);
      case "fault":
        (this.#broker.faults[one.method] ??= []).push(new Error(`${one.method} is cut`));
        return;
      case "pause":
        return this.#consumption.pause();
      case "resume":
        return this.#consumption.resume();
      case "restart":
        return await this.#restart();
    }
  }

  async #publish({ key, lane, script }: Step & { kind: "publish" }): Promise<void> {
    const id = `m${this.#keys.size}`;
    const name = `${lane}-${key}`;
    this.#scripts.set(id, [...script]);
    this.#keys.set(id, name);
    this.#published.set(name, [...this.#published.get(name) ?? [], id]);
    this.#broker.publish(id, name, lane);
    await this.#time.tickAsync(0);
  }

  async #restart(): Promise<void> {
    const closed = this.#consumption.close({ timeout: 500 }).catch(() => {});
    await this.#time.tickAsync(3_000);
    await closed;
    this.#running.clear();
    this.#runningKeys.clear();
    await this.#start();
  }

  async #bury(letter: Message): Promise<void> {
    await Promise.resolve();
    if (!this.#calm && this.#letters.length % 3 === 1) {
      this.#letters.push("(failed)");
      throw new Error("no room for letters");
    }
    const { maxRetries } = { maxRetries: this.#world.retries };
    const attempts = Number(letter.metadata.get("dlq_attempts"));
    assert(attempts > maxRetries, `${letter.uuid} was buried after ${attempts} attempts`);
    this.#letters.push(letter.uuid);
    this.#done.add(letter.uuid);
  }

  /** The engine takes what the handler throws for a failed attempt: violations are kept apart. */
  #handle(messages: readonly Message[], generation: number): unknown {
    try {
      this.#judgeCalls(messages, generation);
    } catch (error) {
      this.#violation ??= error;
    }
    const keys = new Map(messages.map((message) => [message.key, message]));
    this.#running.add(messages[0]!);
    for (const [key, message] of keys) this.#runningKeys.set(key, message);
    const end = () => {
      this.#running.delete(messages[0]!);
      for (const [key, message] of keys) {
        if (this.#runningKeys.get(key) === message) this.#runningKeys.delete(key);
      }
    };
    return this.#act(messages, end);
  }

  #judgeCalls(messages: readonly Message[], generation: number): void {
    assertEquals(generation, this.#generation, "a closed consumption called its handler");
    const { workers, batch, ordered } = this.#world;
    assert(messages.length <= Math.max(batch, 1));
    for (const message of messages) this.#judgeCall(message);
    assert(this.#running.size < workers, "more handlers than workers");
    for (const { key } of ordered ? messages : []) {
      const other = this.#runningKeys.get(key);
      // What was taken away may still run while its next owner works.
      assert(other === undefined || other.signal.aborted, `two handlers for key ${key}`);
    }
  }

  #judgeCall({ uuid, key, attempt }: Message): void {
    this.#calls.set(uuid, (this.#calls.get(uuid) ?? 0) + 1);
    const { ordered, retries, batch, letters } = this.#world;
    // A batch's rest is tried one by one once more.
    const allowed = retries + 1 + (batch > 0 ? 1 : 0);
    if (letters) assert(attempt <= allowed, `attempt ${attempt} of ${allowed}`);
    if (!ordered || batch > 0) return;
    const earlier = this.#published.get(key)!;
    for (const id of earlier.slice(0, earlier.indexOf(uuid))) {
      assert(this.#done.has(id), `${uuid} ran before ${id} of its key was done`);
    }
  }

  #act(messages: readonly Message[], end: () => void): unknown {
    const succeed = () => {
      for (const { uuid, state } of messages) if (state !== "nacked") this.#done.add(uuid);
      end();
    };
    const action = this.#calm
      ? "return"
      : this.#scripts.get(messages[0]!.uuid)!.shift() ?? "return";
    const later = (ms: number, then: () => void) =>
      new Promise<void>((resolve, reject) => {
        setTimeout(() => {
          try {
            then();
            resolve();
          } catch (error) {
            reject(error);
          }
        }, ms);
      });
    const fail = () => {
      end();
      throw new Error("scripted");
    };
    switch (action) {
      case "return":
        return succeed();
      case "resolve":
        return later(120, succeed);
      case "late":
        return later(2_500, succeed);
      case "throw":
        return fail();
      case "reject":
        return later(80, fail);
      case "nack":
        for (const message of messages) message.nack({ delay: 300, reason: "scripted" });
        return end();
      case "early":
        for (const message of messages) if (message.ack()) this.#done.add(message.uuid);
        return later(60, end);
    }
  }

  /** What must hold at any time. */
  #judge(): void {
    if (this.#violation !== undefined) throw this.#violation;
    for (const { rec, acked } of this.#broker.records) {
      assert(!acked || this.#done.has(rec.id), `${rec.id} was acked and never done: it is lost`);
    }
    const { inFlight, running } = this.#consumption.stats();
    assert(inFlight <= this.#world.prefetch, `${inFlight} in flight`);
    assert(inFlight >= 0 && running >= 0);
  }

  /** With no more faults everything ends, and the books balance. */
  async #comeToRest(): Promise<void> {
    this.#calm = true;
    this.#broker.faults.fetch = this.#broker.faults.ack = this.#broker.faults.requeue = [];
    this.#broker.faults.extend = this.#broker.faults.source = [];
    this.#consumption.resume();
    for (let second = 0; second < 600 && !this.#isAtRest(); second++) {
      await this.#time.tickAsync(1_000);
    }
    this.#judge();
    for (const { rec } of this.#broker.records) {
      assert(this.#done.has(rec.id), `${rec.id} was never done`);
    }
    const stats = this.#consumption.stats();
    assertEquals([stats.inFlight, stats.running], [0, 0]);
    const { received, acked, requeued, returned, lost } = stats;
    assertEquals(received, acked + requeued + returned + lost, JSON.stringify(stats));
    await this.#consumption.close();
    const open = this.#broker.records.filter((stored) => !stored.acked).map(({ rec }) => rec.id);
    assertEquals(open, [], "done and never acked");
  }

  #isAtRest(): boolean {
    const { inFlight, running } = this.#consumption.stats();
    return inFlight === 0 && running === 0 && this.#broker.records.every(({ acked }) => acked);
  }
}

describe("consume() against a model", () => {
  it("loses nothing, keeps order and bounds, and balances its books", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(step, { maxLength: 60 }), async (facts, steps) => {
        const time = new FakeTime(0);
        try {
          await new Run(facts, time).play(steps);
        } finally {
          time.restore();
        }
      }),
      { numRuns: RUNS },
    );
  });
});

function readVariable(name: string): string | undefined {
  try {
    return globalThis.process?.env[name];
  } catch {
    // Where the environment may not be read, the default holds.
    return undefined;
  }
}
