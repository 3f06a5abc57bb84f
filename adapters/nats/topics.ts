import { checkTopic } from "@beat/beat/message";
import type { StreamInfo } from "@nats-io/jetstream";
import type { Connection } from "./connection.ts";
import { safeName, subjectsOf } from "./names.ts";

/** Where a topic is kept. */
export interface Topic {
  readonly name: string;
  readonly stream: string;
  /** One per partition. */
  readonly subjects: readonly string[];
}

/** The name of the partition that a message was published to. */
export function partitionNameOf({ subjects }: Topic, subject: string): string {
  return subjects.length === 1 ? "" : String(subjects.indexOf(subject));
}

/** The topics that are used, looked up once however many ask for them at the same time. */
export class Topics {
  readonly #connection: Connection;
  readonly #known = new Map<string, Promise<Topic>>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws {RangeError} If no stream takes what is published to the topic. */
  open(action: string, name: string): Promise<Topic> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    checkTopic(action, name);
    const topic = this.find(action, name).then((found) => {
      if (found !== undefined) return found;
      throw new RangeError(
        `Cannot ${action} as no stream takes the subject '${name}': make one by 'admin.create'`,
      );
    });
    this.#known.set(name, topic);
    topic.catch(() => this.#known.delete(name));
    return topic;
  }

  /** What is known of a topic is looked up again. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  /** The stream that was made for a topic. */
  async own(action: string, name: string): Promise<StreamInfo | undefined> {
    const { jsm } = await this.#connection.open(action);
    return await unlessMissing(jsm.streams.info(safeName(name)));
  }

  /** A topic as it is now; `undefined` if no stream takes what is published to it. */
  async find(action: string, name: string): Promise<Topic | undefined> {
    const info = await this.own(action, name);
    if (info !== undefined) {
      const { name: stream, subjects } = info.config;
      const inPartitions = subjectsOf(name, subjects.length);
      const isOurs = inPartitions.every((subject) => subjects.includes(subject));
      if (isOurs) return { name, stream, subjects: inPartitions };
    }
    const { jsm } = await this.#connection.open(action);
    const [stream] = await jsm.streams.names(name).next();
    return stream === undefined ? undefined : { name, stream, subjects: [name] };
  }
}

/** Resolves with `undefined` where the server has no such stream or consumer. */
export async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && /^(Stream|Consumer)NotFoundError$/.test(error.name)) return;
    throw error;
  }
}
