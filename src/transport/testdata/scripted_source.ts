import type { Delivery, Host, Lane, Sink, Source, SourceSpec, Traits, Transport } from "../port.ts";

/** A transport whose sources give what the test hands to them, and note what they are told. */
export class ScriptedTransport implements Transport {
  readonly name = "scripted";
  readonly traits: Traits;
  readonly sources: ScriptedSource[] = [];
  /** What the next calls of `source` wait for, or fail with. */
  readonly connects: (Promise<void> | Error)[] = [];
  /** How many times a source was asked for. */
  connected = 0;
  /** Changes each source before it is handed over. */
  prepare: (source: ScriptedSource) => void = () => {};

  constructor(traits: Partial<Traits> = {}) {
    this.traits = {
      settle: "each",
      requeue: "broker",
      lease: 0,
      counts: true,
      retained: true,
      groups: true,
      keyOrder: "group",
      ...traits,
    };
  }

  /** The source that was made last. */
  get current(): ScriptedSource {
    return this.sources.at(-1)!;
  }

  async source(_spec: SourceSpec, host: Host): Promise<Source> {
    this.connected++;
    const connect = this.connects.shift();
    if (connect instanceof Error) throw connect;
    await connect;
    const source = new ScriptedSource(host);
    this.prepare(source);
    this.sources.push(source);
    return source;
  }

  sink(): Sink {
    throw new Error("It only gives");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A source that is pulled, unless `fetch` is deleted. */
export class ScriptedSource implements Source {
  readonly host: Host;
  readonly lane: Lane = { name: "0", fenced: false };
  /** Rooms of all fetches. */
  readonly rooms: number[] = [];
  /** Ids that were acked, requeued (with a `+` if unstarted) and extended, call by call. */
  readonly acks: string[][] = [];
  readonly requeues: string[][] = [];
  readonly extensions: string[][] = [];
  closed = 0;
  readonly #waiting: Delivery[] = [];
  #answer: ((deliveries: readonly Delivery[]) => void) | undefined;
  #fail: ((cause: unknown) => void) | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  /** Whether a fetch waits. */
  get isAsked(): boolean {
    return this.#answer !== undefined;
  }

  /** Makes deliveries, of a lane of its own unless one is given. */
  deliver(ids: readonly string[], { key = "", count = 1, lane = this.lane } = {}): Delivery[] {
    return ids.map((id) => ({
      rec: { id, key, headers: [], payload: new Uint8Array(), time: 0 },
      token: id,
      lane,
      count,
    }));
  }

  /** Gives deliveries to the fetch that waits, or to the next. */
  give(...deliveries: Delivery[]): void {
    this.#waiting.push(...deliveries);
    const answer = this.#answer;
    if (answer === undefined) return;
    this.#answer = undefined;
    answer(this.#waiting.splice(0));
  }

  /** Has the fetch that waits reject. */
  cut(cause: unknown): void {
    this.#fail!(cause);
  }

  fetch?: NonNullable<Source["fetch"]> = (room, _paused, signal) => {
    this.rooms.push(room);
    if (this.#waiting.length > 0) return Promise.resolve(this.#waiting.splice(0, room));
    const { promise, resolve, reject } = Promise.withResolvers<readonly Delivery[]>();
    signal.addEventListener("abort", () => resolve([]), { once: true });
    this.#answer = resolve;
    this.#fail = reject;
    return promise.finally(() => this.#answer = this.#fail = undefined);
  };

  ack(deliveries: readonly Delivery[]): Promise<void> {
    this.acks.push(idsOf(deliveries));
    return Promise.resolve();
  }

  requeue?: NonNullable<Source["requeue"]> = (items) => {
    const ids = items.map(({ delivery: { rec }, unstarted }) => unstarted ? `${rec.id}+` : rec.id);
    this.requeues.push(ids);
    return Promise.resolve();
  };

  extend?: NonNullable<Source["extend"]> = (deliveries) => {
    this.extensions.push(idsOf(deliveries));
    return Promise.resolve([]);
  };

  transfer?: NonNullable<Source["transfer"]>;

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ rec }) => rec.id);
}
