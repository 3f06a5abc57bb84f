import { assert, assertEquals } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import { type Message, writeRecord } from "../../message/message.ts";
import type { ConsumeOptions } from "../consume_options.ts";
import { ModelBroker } from "./model_broker.ts";
import { ModelMember } from "./model_member.ts";
import { act } from "./model_script.ts";
import { LANES, LATE, type Script, type Step, type World } from "./model_world.ts";

/** A run ends when it is calm for so many seconds at most. */
const PATIENCE = 600;

/** Plays a history against the engine, and judges all that can be seen of it. */
export class ModelRun {
  readonly #world: World;
  readonly #time: FakeTime;
  readonly #broker: ModelBroker;
  readonly #scripts = new Map<string, Script[]>();
  /** What was published per key, in order. */
  readonly #published = new Map<string, string[]>();
  /** Handled well, given to the dead letters or up: what the broker may be told is done. */
  readonly #done = new Set<string>();
  readonly #calls = new Map<string, number>();
  /** Those whose last call was with others, and failed as a whole if it did. */
  readonly #together = new Set<string>();
  readonly #members: ModelMember[] = [];
  readonly #former: ModelMember[] = [];
  readonly #rebalances: Promise<void>[] = [];
  #letters = 0;
  #violation: unknown;
  #calm = false;
  /** Whether deliveries may have been counted, or lost, of which no handler saw anything. */
  #rough = false;

  constructor(world: World, time: FakeTime) {
    const { settle, intake, lease, ackDelay, fate } = world;
    const each = settle === "each";
    this.#world = world;
    this.#time = time;
    this.#broker = new ModelBroker({
      lanes: LANES,
      settle,
      intake,
      ackDelay,
      requeue: each ? "broker" : "engine",
      counts: each,
      lease: each ? lease : 0,
      ...fate === "transferred letters" && { transfer: (rec) => this.#confirm(rec.id) },
    });
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (let at = 0; at < this.#world.members; at++) await this.#open(at);
    for (const one of steps) {
      await this.#do(one);
      this.#judge();
    }
    await this.#comeToRest();
  }

  async #open(at: number): Promise<void> {
    const { workers, prefetch, ordered, batch, retries, fate, killSwitch } = this.#world;
    const options: ConsumeOptions = {
      topic: "t",
      workers,
      prefetch,
      retry: { maxRetries: retries, initialDelay: 200, jitter: "none" },
      reconnect: { initialDelay: 50, maxDelay: 50 },
      onFailure: ({ message, verdict }) => {
        if (verdict.kind === "discard") this.#done.add(message.uuid);
      },
    };
    if (ordered === "key") options.ordered = "key";
    if (ordered === "function") options.ordered = { by: ({ metadata }) => metadata.get("order")! };
    if (batch > 0) options.batch = { size: batch, maxWait: 30 };
    if (fate === "redeliver" || fate === "discard") options.onExhausted = fate;
    else options.deadLetter = this.#letterBox();
    if (killSwitch) {
      options.pauseOn = { failureRate: 0.5, minimum: 3, window: 1_000, resumeAfter: 300 };
    }
    const handle = (messages: readonly Message[], member: ModelMember) =>
      this.#handle(messages, member);
    const opened = ModelMember.open(this.#broker, handle, options);
    await this.#time.tickAsync(1_000);
    this.#members[at] = await opened;
  }

  /** Letters to where they are confirmed late, and not always. */
  #letterBox(): NonNullable<ConsumeOptions["deadLetter"]> {
    return {
      topic: "dead",
      handler: "h",
      publish: (letter) => {
        this.#judgeLetter(letter);
        return this.#confirm(letter.uuid);
      },
      encode: (letter) => {
        this.#judgeLetter(letter);
        return writeRecord(letter);
      },
    };
  }

  async #do(one: Step): Promise<void> {
    const member = "member" in one ? this.#members[one.member % this.#members.length]! : undefined;
    switch (one.kind) {
      case "publish":
        return await this.#publish(one);
      case "tick":
        return await this.#time.tickAsync(one.ms);
      case "block":
        // The event loop gets no turn: leases end while handlers run and heartbeats wait.
        this.#rough ||= this.#world.lease > 0;
        this.#time.tick(one.ms);
        return await this.#time.tickAsync(0);
      case "rebalance":
        this.#rough ||= this.#world.settle === "none" || one.within < LATE;
        this.#rebalances.push(this.#broker.rebalance(one.lane, one.within));
        return await this.#time.tickAsync(1);
      case "snatch":
        this.#rough = true;
        this.#broker.snatch(one.lane);
        return await this.#time.tickAsync(1);
      case "fault":
        this.#rough = true;
        (this.#broker.faults[one.method] ??= []).push(new Error(`${one.method} is cut`));
        return;
      case "pause":
        return member!.pause();
      case "resume":
        return member!.resume();
      case "restart":
        this.#rough ||= this.#world.settle === "none";
        return await this.#replace(member!, () => member!.close(500));
      case "cancel":
        this.#rough ||= this.#world.settle === "none";
        return await this.#replace(member!, () => member!.cancel());
      case "kill":
        this.#rough = true;
        member!.kill();
        return await this.#replace(member!, () => member!.close(0));
    }
  }

  async #publish({ key, lane, script }: Step & { kind: "publish" }): Promise<void> {
    const id = `m${this.#scripts.size}`;
    const name = `${lane}-${key}`;
    this.#scripts.set(id, [...script]);
    this.#published.set(name, [...this.#published.get(name) ?? [], id]);
    this.#broker.publish(id, name, lane);
    await this.#time.tickAsync(0);
  }

  async #replace(member: ModelMember, end: () => Promise<boolean>): Promise<void> {
    // What a handler still has at the deadline comes again, and counts.
    let hasEnded = false;
    end().then(
      (isLate) => this.#rough ||= isLate,
      (error) => this.#violation ??= error,
    ).finally(() => hasEnded = true);
    for (let seconds = 0; seconds < PATIENCE && !hasEnded; seconds++) {
      await this.#time.tickAsync(1_000);
    }
    assert(hasEnded, "a consumption does not end");
    this.#former.push(member);
    await this.#open(this.#members.indexOf(member));
  }

  /** Every third letter is refused, unless all is calm. */
  async #confirm(id: string): Promise<void> {
    const isRefused = !this.#calm && this.#letters++ % 3 === 1;
    await new Promise((resolve) => setTimeout(resolve, 70));
    if (isRefused) throw new Error("no room for letters");
    this.#done.add(id);
  }

  #judgeLetter({ uuid, metadata }: Message): void {
    try {
      const { retries, batch } = this.#world;
      const attempts = Number(metadata.get("dlq_attempts"));
      const most = this.#rough ? Infinity : retries + (batch > 0 ? 2 : 1);
      const isTime = attempts > retries && attempts <= most;
      assert(isTime, `${uuid} was buried after ${attempts} attempts`);
      const isEnd = metadata.get("dlq_reason")!.includes("closed");
      assert(!isEnd, `${uuid} was buried because of the end`);
      const isInnocent = !this.#rough && this.#together.has(uuid);
      assert(!isInnocent, `${uuid} was buried for the failure of a batch`);
    } catch (error) {
      this.#violation ??= error;
    }
  }

  /** The engine takes what the handler throws for a failed attempt: violations are kept apart. */
  #handle(messages: readonly Message[], member: ModelMember): unknown {
    try {
      this.#judgeCall(messages, member);
    } catch (error) {
      this.#violation ??= error;
    }
    member.running.add(messages);
    return this.#act(messages, () => member.running.delete(messages));
  }

  #judgeCall(messages: readonly Message[], member: ModelMember): void {
    const { workers, batch, ordered } = this.#world;
    assert(member.state !== "closed", "a closed consumption called its handler");
    assert(member.running.size < workers, "more handlers than workers");
    assert(messages.length > 0 && messages.length <= Math.max(batch, 1));
    const inCall = new Set<string>();
    for (const message of messages) {
      this.#judgeAttempt(message);
      if (messages.length > 1) this.#together.add(message.uuid);
      else this.#together.delete(message.uuid);
      if (ordered !== false && member.state === "open") this.#judgeOrder(message, inCall);
      inCall.add(message.uuid);
    }
  }

  #judgeAttempt({ uuid, attempt }: Message): void {
    const { retries, batch, fate } = this.#world;
    const calls = this.#calls.get(uuid) ?? 0;
    this.#calls.set(uuid, calls + 1);
    // A batch's rest is tried one by one once more.
    const allowed = retries + 1 + (batch > 0 ? 1 : 0);
    if (fate !== "redeliver") assert(attempt <= allowed, `attempt ${attempt} of ${allowed}`);
    if (calls === 0 && !this.#rough) assertEquals(attempt, 1, `${uuid} was counted uncalled`);
  }

  /** What was published before with its key is done, or comes before it in the same call. */
  #judgeOrder({ uuid, key }: Message, inCall: ReadonlySet<string>): void {
    if (this.#world.settle === "none" && this.#rough) return;
    const earlier = this.#published.get(key)!;
    for (const id of earlier.slice(0, earlier.indexOf(uuid))) {
      assert(this.#done.has(id) || inCall.has(id), `${uuid} ran before ${id} of its key was done`);
    }
    for (const { state, running } of [...this.#members, ...this.#former]) {
      for (const other of [...running].flat()) {
        // What was taken away may still run while its next owner works.
        const isOurs = state !== "killed" && !other.signal.aborted;
        assert(!isOurs || other.key !== key, `two handlers for key ${key}`);
      }
    }
  }

  #act(messages: readonly Message[], end: () => void): unknown {
    const script = this.#scripts.get(messages[0]!.uuid)!.shift();
    return act(this.#calm ? "return" : script ?? "return", messages, {
      done: (message) => this.#done.add(message.uuid),
      blamed: (message) => this.#together.delete(message.uuid),
      end,
    });
  }

  /** What must hold at any time. */
  #judge(): void {
    if (this.#violation !== undefined) throw this.#violation;
    assertEquals(this.#broker.violations, []);
    for (const { rec, acked } of this.#broker.records) {
      assert(!acked || this.#done.has(rec.id), `${rec.id} was acked and never done: it is lost`);
    }
    for (const { stats } of this.#members) {
      const { inFlight, running } = stats;
      assert(inFlight >= 0 && inFlight <= this.#world.prefetch, `${inFlight} in flight`);
      assert(running >= 0);
    }
  }

  /** With no more faults everything ends, and the books balance. */
  async #comeToRest(): Promise<void> {
    this.#calm = true;
    for (const method of ["source", "fetch", "ack", "requeue", "extend"] as const) {
      this.#broker.faults[method] = [];
    }
    for (const member of this.#members) member.resume();
    let seconds = 0;
    do await this.#time.tickAsync(1_000); while (++seconds < PATIENCE && !this.#isAtRest());
    await Promise.all(this.#rebalances);
    this.#judge();
    if (this.#world.settle !== "none") this.#judgeLoss();
    for (const member of this.#members) {
      const closed = member.close(0);
      await this.#time.tickAsync(3_000);
      await closed;
    }
    for (const member of [...this.#members, ...this.#former]) member.judgeBooks();
    this.#judge();
    const open = this.#broker.records.filter(({ acked }) => !acked).map(({ rec }) => rec.id);
    if (this.#world.settle !== "none") assertEquals(open, [], "done and never acked");
    else this.#judgeUntold();
  }

  #judgeLoss(): void {
    for (const { rec } of this.#broker.records) {
      assert(this.#done.has(rec.id), `${rec.id} was never done`);
    }
  }

  /** Where nobody is told, what was delivered and not done was counted as lost. */
  #judgeUntold(): void {
    const missing =
      this.#broker.records.filter(({ rec, count }) => count > 0 && !this.#done.has(rec.id)).length;
    const all = [...this.#members, ...this.#former];
    const lost = all.reduce((sum, { stats }) => sum + stats.lost, 0);
    assert(missing <= (this.#rough ? lost : 0), `${missing} missing, ${lost} counted`);
  }

  #isAtRest(): boolean {
    const isIdle = [...this.#members, ...this.#former].every(({ stats, running }) =>
      stats.inFlight === 0 && stats.running === 0 && running.size === 0
    );
    const isTold = this.#world.settle === "none" ||
      this.#broker.records.every(({ acked }) => acked);
    return isIdle && isTold;
  }
}
