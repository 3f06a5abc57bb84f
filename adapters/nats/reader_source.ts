import type { Delivery, Host, Lane, Source, Traits } from "@beat/beat/transport";
import type { Consumer, ConsumerMessages } from "@nats-io/jetstream";
import type { Connection } from "./connection.ts";
import { readRec } from "./headers.ts";
import type { Position } from "./position.ts";
import { partitionNameOf, type Topic } from "./topics.ts";

/** What a reader is made of. */
export interface ReaderPlan {
  readonly topic: Topic;
  readonly consumer: Consumer;
  readonly position: Position;
  readonly host: Host;
  readonly connection: Connection;
  /** Messages that the client may have beside those that the engine has. */
  readonly prefetch: number;
}

/** Milliseconds after which the server forgets that it was asked for messages. */
const EXPIRES = 4_000;

/** What the client tells when the consumer is gone, and maybe its stream. */
const DELETED = new Set<string>(["consumer_deleted", "stream_not_found"]);

/** A reader without group: the client asks for more as the engine has room, and notices gaps. */
export class ReaderSource implements Source {
  readonly traits: Partial<Traits> = {
    settle: "prefix",
    requeue: "engine",
    lease: 0,
    counts: false,
    keyOrder: "group",
  };
  readonly #plan: ReaderPlan;
  readonly #lane: Lane = { name: "", fenced: false };
  readonly #unlisten: () => void;
  #messages: ConsumerMessages | undefined;
  #closed = false;

  constructor(plan: ReaderPlan) {
    this.#plan = plan;
    this.#unlisten = plan.connection.listen((event) => plan.host.event(event));
    void this.#follow();
  }

  // deno-lint-ignore require-await
  async ack(deliveries: readonly Delivery[]): Promise<void> {
    for (const { token } of deliveries) this.#plan.position.next = (token as number) + 1;
  }

  offset({ token }: Delivery): string {
    return String(token);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unlisten();
    void this.#messages?.close();
    await this.#plan.consumer.delete().catch(() => {});
  }

  /** Hands over what comes, as there is room for it. */
  async #follow(): Promise<void> {
    const { consumer, host, position, prefetch, topic } = this.#plan;
    try {
      const messages = await consumer.consume({ max_messages: prefetch, expires: EXPIRES });
      this.#messages = messages;
      if (this.#closed) void messages.close();
      void this.#watch(messages);
      for await (const message of messages) {
        if (this.#closed) break;
        const { streamSequence: token, timestampNanos } = message.info;
        const time = Math.floor(timestampNanos / 1e6);
        // A consumer that the client makes anew begins with the stream.
        if (time < position.since) continue;
        const id = `${topic.name}/${partitionNameOf(topic, message.subject)}/${token}`;
        const rec = readRec(message.headers, message.data, { id, time });
        await host.admit({ rec, token, lane: this.#lane, count: 1 });
      }
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** The client would wait for ever for a stream that was deleted. */
  async #watch(messages: ConsumerMessages): Promise<void> {
    const { name } = this.#plan.topic;
    for await (const { type } of messages.status()) {
      if (DELETED.has(type)) this.#fail(new Error(`Reading '${name}' ended: ${type}`));
    }
  }

  #fail(cause: unknown): void {
    if (!this.#closed) this.#plan.host.event({ kind: "failed", at: Date.now(), cause });
  }
}
