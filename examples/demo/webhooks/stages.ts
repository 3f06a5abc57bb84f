import { Message, type Middleware, type Produced } from "@beat/beat/message";

/** What a stage of the flow has done. */
export class Stage {
  readonly name: string;
  /** What it handles, in a word. */
  readonly handles: string;
  /** Calls of its handler, in messages. */
  calls = 0;
  /** Messages that it was done with. */
  handled = 0;
  /** Attempts that failed. */
  failed = 0;
  /** Attempts beyond a message's first. */
  retried = 0;
  /** Messages that it sent on to another topic. */
  routed = 0;
  /** Messages that it gave to the dead letters, and those that were put back from there. */
  dead = 0;
  replayed = 0;
  /** Messages of its largest call. */
  largest = 0;
  /** Milliseconds from the post to the end of handling, one for each message. */
  readonly latencies: number[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  constructor(name: string, handles: string) {
    this.name = name;
    this.handles = handles;
  }

  /** Counts what goes through a handler; to be added to it as its outermost middleware. */
  get counting(): Middleware {
    return (next) => async (work) => {
      this.calls += work.messages.length;
      this.largest = Math.max(this.largest, work.messages.length);
      this.retried += work.messages.filter(({ attempt }) => attempt > 1).length;
      try {
        const produced = await next(work);
        this.routed += countOf(produced);
        this.#count(work.messages);
        return produced;
      } catch (error) {
        this.failed += work.messages.length;
        throw error;
      }
    };
  }

  /**
   * The milliseconds within which such a share of the messages was handled: the smallest of all for which
   * that is so (nearest rank). `undefined` if none was handled.
   */
  percentile(share: number): number | undefined {
    const sorted = this.latencies.toSorted((a, b) => a - b);
    return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)];
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

function countOf(produced: Produced): number {
  if (produced instanceof Message) return 1;
  return Array.isArray(produced) ? produced.length : 0;
}

/** The stages of the flow, by the names of their handlers, in its order. */
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
    intake: new Stage("intake", "all"),
    index: new Stage("index", "by key"),
    archive: new Stage("archive", "by 50"),
    urgent: new Stage("urgent", "alerts"),
    again: new Stage("again", "mended"),
  };
}

/** The stage of a handler. */
export function stageOf(stages: Stages, handler: string): Stage {
  return stages[handler as keyof Stages];
}
