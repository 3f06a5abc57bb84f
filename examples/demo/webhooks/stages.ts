import type { Message, Middleware } from "@beat/beat/message";

/** What a stage of the flow has done. */
export class Stage {
  readonly name: string;
  readonly describes: string;
  /** Calls of its handler, in messages. */
  calls = 0;
  /** Messages that it was done with. */
  handled = 0;
  /** Attempts that failed. */
  failed = 0;
  /** Attempts beyond a message's first. */
  retried = 0;
  /** Messages of its largest call. */
  largest = 0;
  /** Milliseconds from the post to the end of handling, one for each message. */
  readonly latencies: number[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  constructor(name: string, describes: string) {
    this.name = name;
    this.describes = describes;
  }

  /** Counts what goes through a handler; to be added to it as its outermost middleware. */
  get counting(): Middleware {
    return (next) => async (work) => {
      this.calls += work.messages.length;
      this.largest = Math.max(this.largest, work.messages.length);
      this.retried += work.messages.filter(({ attempt }) => attempt > 1).length;
      try {
        const produced = await next(work);
        this.#count(work.messages);
        return produced;
      } catch (error) {
        this.failed += work.messages.length;
        throw error;
      }
    };
  }

  /** The milliseconds within which such a share of the messages was handled; `undefined` if none was. */
  percentile(share: number): number | undefined {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
  }

  /** Resolves when so many messages are handled. */
  async reaches(count: number): Promise<void> {
    if (this.handled >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  #count(messages: readonly Message[]): void {
    this.handled += messages.length;
    const now = performance.timeOrigin + performance.now();
    for (const { metadata } of messages) {
      const posted = Number(metadata.get("posted_at"));
      if (posted > 0) this.latencies.push(now - posted);
    }
    for (const { count, resolve } of this.#waiting) if (this.handled >= count) resolve();
  }
}

/** The stages of the flow, in its order. */
export interface Stages {
  intake: Stage;
  index: Stage;
  archive: Stage;
  urgent: Stage;
  again: Stage;
}

/** All stages, with nothing counted. */
export function newStages(): Stages {
  return {
    intake: new Stage("intake", "validate, route"),
    index: new Stage("index", "by repository"),
    archive: new Stage("archive", "batches of 50"),
    urgent: new Stage("urgent", "alerts"),
    again: new Stage("again", "after the fix"),
  };
}
