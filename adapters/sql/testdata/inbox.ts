import type { Message } from "@beat/beat/message";
import {
  consume,
  type ConsumeOptions,
  type Consumption,
  type Transport,
} from "@beat/beat/transport";

/** A subscription that remembers what came. */
export class Inbox {
  readonly messages: Message[] = [];
  #consumption: Consumption | undefined;
  #recoveries = 0;
  readonly #waiting = new Set<() => void>();

  /** The payloads, as text. */
  get texts(): string[] {
    return this.messages.map((message) => message.text());
  }

  /** Subscribes. */
  static async open(transport: Transport, options: ConsumeOptions): Promise<Inbox> {
    const inbox = new Inbox();
    const hear = ([message]: readonly Message[]) => {
      inbox.messages.push(message!);
      inbox.#look();
    };
    inbox.#consumption = await consume(transport, hear, {
      reconnect: { initialDelay: 1, maxDelay: 10 },
      onConnection({ kind }) {
        if (kind === "recovered") inbox.#recoveries++;
        inbox.#look();
      },
      ...options,
    });
    return inbox;
  }

  /** Resolves when a payload has come. */
  async gets(text: string): Promise<void> {
    await this.#until(() => this.texts.includes(text));
  }

  /** Resolves when a source was lost and made anew. */
  async recovers(): Promise<void> {
    await this.#until(() => this.#recoveries > 0);
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#consumption!.close();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #look(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
