import { MemoryBroker } from "../../memory/mod.ts";
import type { Publisher, Subscriber } from "../../message/contracts.ts";
import type { Logger } from "../../message/logger.ts";
import { Message } from "../../message/message.ts";
import { publisher } from "../../transport/publisher.ts";
import { subscriber } from "../../transport/subscriber.ts";
import { Router, type RouterOptions } from "../mod.ts";

/** What a logger was told. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A router on an embedded broker, and what is needed to watch it. */
export class World {
  readonly broker: MemoryBroker = new MemoryBroker();
  readonly out: Publisher = publisher(this.broker);
  readonly in: Subscriber = subscriber(this.broker);
  readonly lines: Line[] = [];
  readonly router: Router;
  #run: Promise<void> | undefined;

  constructor(options: RouterOptions = {}) {
    this.router = new Router({ logger: this.#logger(), ...options });
  }

  /** Runs the router; resolves when its handlers are subscribed. */
  async run(): Promise<void> {
    this.#run = this.router.run();
    this.#run.catch(() => {});
    await this.router.running;
  }

  /** How `run` ended. */
  get ended(): Promise<void> {
    return this.#run!;
  }

  async publish(topic: string, ...payloads: string[]): Promise<void> {
    await this.out.publish(topic, payloads.map((text) => new Message(text, { uuid: text })));
  }

  async close(): Promise<void> {
    await this.router.close().catch(() => {});
    await this.out.close();
    await this.broker.close();
  }

  #logger(): Logger {
    const write = (level: string) => (message: string, attributes = {}) => {
      this.lines.push({ level, message, attributes });
    };
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }
}

/** Runs a test with a router on an embedded broker of its own, and closes both. */
export async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await body(world);
  } finally {
    await world.close();
  }
}

/** Collects values, and tells when there are so many. */
export class Seen<T> {
  readonly values: T[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  add(value: T): void {
    this.values.push(value);
    for (const { count, resolve } of this.#waiting) if (this.values.length >= count) resolve();
  }

  async count(count: number): Promise<T[]> {
    if (this.values.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.values;
  }
}

/** Lets everything happen that waits for no timer. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await undefined;
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  for (let turn = 0; turn < 100; turn++) await undefined;
}
