import { Message, newUuid } from "@beat/beat/message";
import { publisher, type Transport } from "@beat/beat/transport";
import type { Connected } from "./brokers.ts";
import type { Ledger } from "./ledger.ts";

const KEYS = 40;
/** Milliseconds before a publishing whose outcome is not known is repeated. */
const PAUSE = 50;
/** Messages that may wait for a handler before no more are published: machines differ in what they bear. */
const BACKLOG = 2_000;

/** Publishes messages of many keys, each until it is confirmed, until it is told to stop. */
export class Producer {
  /** Publishings that failed, or whose outcome is unknown: each may be stored once more. */
  repeated = 0;
  readonly #transport: Transport;
  readonly #pace: number;
  readonly #topic: string;
  readonly #ledger: Ledger;
  #stopped = false;

  constructor({ transport, pace }: Connected, topic: string, ledger: Ledger) {
    this.#transport = transport;
    this.#pace = pace;
    this.#topic = topic;
    this.#ledger = ledger;
  }

  /** Publishes; resolves when it was stopped and what it had begun is confirmed. */
  async run(): Promise<void> {
    const out = publisher(this.#transport);
    const publish = async (key: string) => {
      for (let sequence = 0; !this.#stopped; sequence++) {
        const metadata = { sequence: String(sequence) };
        const message = new Message("x".repeat(200), { uuid: newUuid(), key, metadata });
        await this.#confirm(out.publish.bind(out), message);
        this.#ledger.confirm({ key, sequence });
        await pause(this.#pace);
        while (this.#ledger.open > BACKLOG && !this.#stopped) await pause(PAUSE);
      }
    };
    await Promise.all(Array.from({ length: KEYS }, (_, at) => publish(`key-${at}`)));
    await out.close();
  }

  /** No message is begun any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #confirm(
    publish: (topic: string, message: Message) => Promise<void>,
    message: Message,
  ): Promise<void> {
    for (;;) {
      try {
        return await publish(this.#topic, message);
      } catch {
        this.repeated++;
        await pause(PAUSE);
      }
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
