import type { Rec } from "../../message/rec.ts";
import type { StartPosition } from "../../message/contracts.ts";
import type {
  Delivery,
  Host,
  Lane,
  SendFailure,
  Source,
  SourceSpec,
} from "../../transport/port.ts";
import type { MemoryBroker } from "../memory_broker.ts";

const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** A record with a payload that is its text. */
export function rec(text: string, key = "", time = 0): Rec {
  return { id: text, key, headers: [], payload: BYTES.encode(text), time };
}

/** The texts of records. */
export function textsOf(recs: readonly Rec[]): string[] {
  return recs.map(({ payload }) => TEXT.decode(payload));
}

/** Publishes records, one `send` for all. */
export async function send(
  broker: MemoryBroker,
  topic: string,
  recs: readonly Rec[],
): Promise<readonly (SendFailure | undefined)[]> {
  return await broker.sink().send(
    topic,
    recs.map((rec) => ({ topic, rec, identity: `${topic}:${rec.id}` })),
  );
}

/** What a consumer joins with. */
export interface JoinOptions {
  group?: string;
  from?: StartPosition;
  /** What giving up a lane waits for. @default {nothing} */
  revoke?: (lane: Lane) => Promise<void>;
}

/** A consumer without an engine: it fetches and acks when it is told to. */
export class TestMember implements Host {
  readonly revoked: Lane[] = [];
  /** Whether the broker said that nothing more comes. */
  ended = false;
  readonly gone: { lane: Lane; cause: unknown }[] = [];
  /** Deliveries by their text, as they came. */
  readonly seen: string[] = [];
  /** What the last fetch gave. */
  fetched: readonly Delivery[] = [];
  /** Deliveries that are not acked. */
  held: Delivery[] = [];
  /** Lanes that get nothing. */
  readonly paused = new Set<string>();
  source!: Source;
  readonly #broker: MemoryBroker;
  readonly #spec: SourceSpec;
  readonly #revoke: (lane: Lane) => Promise<void>;
  #stop = new AbortController();

  static async join(
    broker: MemoryBroker,
    topic: string,
    { revoke = async () => {}, from = "latest", ...rest }: JoinOptions = {},
  ): Promise<TestMember> {
    const spec = { topic, from, prefetch: 16, ordered: false, ...rest };
    const member = new TestMember(broker, spec, revoke);
    member.source = await broker.source(spec, member);
    return member;
  }

  private constructor(
    broker: MemoryBroker,
    spec: SourceSpec,
    revoke: (lane: Lane) => Promise<void>,
  ) {
    this.#broker = broker;
    this.#spec = spec;
    this.#revoke = revoke;
  }

  /** Subscribes anew for the same subscription, as the engine does when a source is of no use any more. */
  async renew(meanwhile: () => Promise<unknown>): Promise<void> {
    await this.source.close();
    await meanwhile();
    this.source = await this.#broker.source(this.#spec, this);
  }

  admit(): void {
    throw new Error("a memory source is pulled");
  }

  offer(): boolean {
    throw new Error("a memory source is pulled");
  }

  async revoke(lane: Lane): Promise<void> {
    this.revoked.push(lane);
    await this.#revoke(lane);
    lane.fenced = true;
    this.held = this.held.filter((delivery) => delivery.lane !== lane);
  }

  lost(lane: Lane, cause: unknown): void {
    lane.fenced = true;
    this.gone.push({ lane, cause });
    this.held = this.held.filter((delivery) => delivery.lane !== lane);
  }

  end(): void {
    this.ended = true;
  }

  event(): void {}

  /** Fetches once, waiting if there is nothing. */
  async fetch(room = 100): Promise<string[]> {
    const paused = (lane: Lane) => this.paused.has(lane.name);
    const fetched = await this.source.fetch!(room, paused, this.#stop.signal);
    this.fetched = fetched.filter(({ lane }) => !lane.fenced);
    this.held.push(...this.fetched);
    const texts = textsOf(this.fetched.map(({ rec }) => rec));
    this.seen.push(...texts);
    return texts;
  }

  /** Fetches what is there, without waiting. */
  async fetchNow(room = 100): Promise<string[]> {
    const fetched = this.fetch(room);
    this.#stop.abort();
    this.#stop = new AbortController();
    return await fetched;
  }

  /** Fetches until there is nothing. */
  async drain(room = 100): Promise<string[]> {
    const all: string[] = [];
    for (;;) {
      const texts = await this.fetchNow(room);
      if (texts.length === 0) return all;
      all.push(...texts);
    }
  }

  /** Ends a fetch that waits. */
  abort(): void {
    this.#stop.abort();
  }

  /** Commits all that is held. */
  async ackAll(): Promise<void> {
    const last = new Map(this.held.map((delivery) => [delivery.lane, delivery]));
    this.held = [];
    await this.source.ack([...last.values()]);
  }

  /** Fetches and commits until there is nothing. */
  async consume(): Promise<string[]> {
    const texts = await this.drain();
    await this.ackAll();
    return texts;
  }

  async close(): Promise<void> {
    await this.source.close();
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}
