import type { Delivery, Host, Lane, Source } from "@beat/beat/transport";
import type { BlockingReader } from "./blocking_reader.ts";
import type { Connection } from "./connection.ts";
import { readEnvelope } from "./envelope.ts";

/** What the source of a channel is made of. */
export interface ChannelPlan {
  readonly topic: string;
  readonly channel: string;
  readonly connection: Connection;
  readonly reader: BlockingReader;
  readonly host: Host;
  /** Milliseconds after which the server has to say that it is still there. */
  readonly block: number;
}

/** Where a subscriber of a channel has its deliveries from: the server pushes them. */
export class ChannelSource implements Source {
  readonly #plan: ChannelPlan;
  readonly #lane: Lane = { name: "", fenced: false };
  /** What came in the same piece as a message that found no room. */
  readonly #waiting: Uint8Array[] = [];
  #isFull = false;
  #count = 0;

  constructor(plan: ChannelPlan) {
    this.#plan = plan;
  }

  /** Resolves when the server has the subscription. */
  async open(): Promise<void> {
    const { channel, connection } = this.#plan;
    connection.client.on("messageBuffer", (_channel: Uint8Array, message: Uint8Array) => {
      if (this.#isFull) this.#waiting.push(message);
      else this.#admit(message);
    });
    await connection.call("SUBSCRIBE", channel);
  }

  /** Nothing comes by this way; it notices when the server does not answer any more. */
  async fetch(
    _room: number,
    _paused: (lane: Lane) => boolean,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    const { channel, reader, block } = this.#plan;
    await reader.read(["XREAD", "BLOCK", block, "STREAMS", `{${channel}}:idle`, "$"], signal);
    return [];
  }

  async ack(): Promise<void> {}

  close(): Promise<void> {
    return this.#plan.reader.close();
  }

  /** Has the server wait when there is no room: what it cannot keep for us it drops with the connection. */
  #admit(message: Uint8Array): void {
    const { topic, connection: { client }, host } = this.#plan;
    const rec = readEnvelope(message, `${topic}//${++this.#count}`);
    const waits = host.admit({ rec, token: undefined, lane: this.#lane, count: 1 });
    if (waits === undefined) return;
    this.#isFull = true;
    client.stream?.pause();
    waits.then(() => {
      this.#isFull = false;
      while (this.#waiting.length > 0 && !this.#isFull) this.#admit(this.#waiting.shift()!);
      if (!this.#isFull) client.stream?.resume();
    });
  }
}
