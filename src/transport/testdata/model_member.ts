import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../message/message.ts";
import type { ConsumeOptions } from "../consume_options.ts";
import { consume, type Consumption } from "../consumption.ts";
import type { ConsumeStats } from "../counters.ts";
import type { Transport } from "../port.ts";
import type { ModelBroker } from "./model_broker.ts";
import type { ModelSession } from "./model_session.ts";

/** One consumption of a history, and the calls of its handler that run. */
export class ModelMember {
  readonly running = new Set<readonly Message[]>();
  state: "open" | "closed" | "killed" = "open";
  /** Whether what is given back is somewhere kept. */
  #keeps = true;
  readonly #cancelling = new AbortController();
  #consumption!: Consumption;
  #session: ModelSession | undefined;

  /** Resolves when it is live; `handle` hears which member it is called by. */
  static async open(
    broker: ModelBroker,
    handle: (messages: readonly Message[], member: ModelMember) => unknown,
    options: ConsumeOptions,
  ): Promise<ModelMember> {
    const member = new ModelMember();
    const { name, traits } = broker;
    member.#keeps = traits.settle !== "none";
    const transport: Transport = {
      name,
      traits,
      source: async (spec, host) => member.#session = await broker.source(spec, host),
      sink: () => broker.sink(),
      close: () => broker.close(),
    };
    const consumer = (messages: readonly Message[]) => handle(messages, member);
    member.#consumption = await consume(transport, consumer, {
      ...options,
      signal: member.#cancelling.signal,
    });
    return member;
  }

  get stats(): ConsumeStats {
    return this.#consumption.stats();
  }

  pause(): void {
    this.#consumption.pause();
  }

  resume(): void {
    this.#consumption.resume();
  }

  /** Closes it; what remains at the deadline is what a handler still has. Resolves with whether anything did. */
  async close(timeout: number): Promise<boolean> {
    const error = await this.#consumption.close({ timeout }).then(
      () => undefined,
      (error) => error,
    );
    if (this.state === "open") this.state = "closed";
    if (error === undefined) return false;
    assertEquals(error.name, "CloseTimeoutError", String(error));
    const running = [...this.running].flat().length;
    const dropped = this.#keeps ? 0 : this.stats.lost;
    const isRight = this.state === "killed" || error.remaining <= running + dropped;
    assert(isRight, `${error} but ${running} run and ${dropped} were dropped`);
    return true;
  }

  /** Ends it by its signal, which leaves its handlers all the time that they need. */
  async cancel(): Promise<boolean> {
    this.#cancelling.abort(new Error("cancelled"));
    await this.#consumption.closed;
    this.state = "closed";
    if (this.#keeps) assertEquals(this.running.size, 0, "a handler was not waited for");
    return false;
  }

  /** Ends it as a crash does: its session is gone without a word, its handlers are not judged. */
  kill(): void {
    this.state = "killed";
    this.#session?.kill();
  }

  /** With no handler running the books balance. */
  judgeBooks(): void {
    const { inFlight, running, received, acked, requeued, returned, lost } = this.stats;
    assertEquals([inFlight, running], [0, 0], `${this.state}: ${JSON.stringify(this.stats)}`);
    assertEquals(received, acked + requeued + returned + lost, JSON.stringify(this.stats));
  }
}
