import type { CloseOptions, Publisher, PublishOptions } from "../message/contracts.ts";
import { PublishError } from "../message/errors.ts";
import type { Message } from "../message/message.ts";
import { refuse } from "../options/refusal.ts";
import { checkInput } from "./publish_input.ts";
import { Shutdown } from "./shutdown.ts";

/** What {@linkcode fromPublisher} makes a publisher of. */
export interface PublisherLike {
  /** Publishes at least one message; whatever it throws or rejects with, they may be stored. */
  publish(
    topic: string,
    messages: readonly Message[],
    options: PublishOptions,
  ): void | Promise<void>;
  /** Ends what it has opened. */
  close?(): void | Promise<void>;
}

/**
 * A publisher with all that its contract promises, made of a user's own: calls are checked, a signal
 * and the deadline of `close` end the wait, and what goes wrong comes as a `PublishError` with the
 * outcome `"unknown"`, unless it is one already.
 *
 * @throws {TypeError} If it has no `publish`.
 *
 * @example A publisher of one's own
 * ```ts
 * import { Message } from "@beat/beat/message";
 * import { fromPublisher } from "@beat/beat/transport";
 * import { assertEquals } from "@std/assert";
 *
 * const published: string[] = [];
 * const own = fromPublisher({
 *   publish: (topic, messages) => {
 *     for (const message of messages) published.push(`${topic}: ${message.text()}`);
 *   },
 * });
 * await own.publish("greetings", new Message("hello"));
 * assertEquals(published, ["greetings: hello"]);
 * ```
 */
export function fromPublisher(own: PublisherLike): Publisher {
  if (typeof own?.publish !== "function") {
    refuse("make a publisher", "own", "an object with a method publish", own);
  }
  return new ForeignPublisher(own);
}

/** A call that is not settled. */
interface OpenCall {
  readonly size: number;
  readonly reject: (cause: unknown) => void;
}

class ForeignPublisher implements Publisher {
  readonly #own: PublisherLike;
  readonly #open = new Set<OpenCall>();
  readonly #shutdown: Shutdown;

  constructor(own: PublisherLike) {
    this.#own = own;
    this.#shutdown = new Shutdown({
      name: "publisher",
      remaining: () => [...this.#open].reduce((sum, { size }) => sum + size, 0),
      abandon: (cause) => this.#open.forEach(({ reject }) => reject(cause)),
      ends: [async () => await own.close?.()],
    });
  }

  async publish(
    topic: string,
    messages: Message | readonly Message[],
    options: PublishOptions = {},
  ): Promise<void> {
    const list = checkInput(topic, messages, options);
    this.#shutdown.refuse("publish");
    const { signal } = options;
    signal?.throwIfAborted();
    if (list.length === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const call = { size: list.length, reject };
    const abort = () => reject(signal!.reason);
    this.#open.add(call);
    signal?.addEventListener("abort", abort);
    try {
      this.#forward(topic, list, options).then(resolve, reject);
      await promise;
    } catch (cause) {
      throw cause instanceof PublishError ? cause : unknownOutcome(topic, list.length, cause);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#open.delete(call);
      this.#shutdown.progress();
    }
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#shutdown.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #forward(
    topic: string,
    messages: readonly Message[],
    options: PublishOptions,
  ): Promise<void> {
    await this.#own.publish(topic, messages, options);
  }
}

function unknownOutcome(topic: string, size: number, cause: unknown): PublishError {
  const failed = Array.from({ length: size }, (_, index) => ({
    index,
    cause,
    outcome: "unknown" as const,
  }));
  return new PublishError(topic, failed, size);
}
