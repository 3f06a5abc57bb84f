import type { Feed } from "./feed.ts";
import type { LaneHost } from "./lane_host.ts";
import type { RemoteBooks } from "../core/ledger.ts";

/** What a bus with threads has without lanes. */
export interface ThreadFeed {
  readonly books: RemoteBooks;
  readonly feed: Pick<Feed, "pull" | "discard">;
}

/** All lanes of one bus, as its engine sees them, and behind them its threads, if it has any. */
export class LaneFeed implements Feed {
  readonly #hosts: LaneHost[] = [];
  readonly #threads: ThreadFeed | undefined;

  constructor(threads: ThreadFeed | undefined) {
    this.#threads = threads;
  }

  get isOpen(): boolean {
    return this.#threads?.books.isOpen ?? false;
  }

  /** Lets events of further lanes come. */
  add(host: LaneHost): void {
    this.#hosts.push(host);
  }

  collect(): void {
    for (const host of this.#hosts) host.collect();
    this.#threads?.books.collect();
  }

  async pull(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.pull(signal)));
    signal?.throwIfAborted();
    await this.#threads?.feed.pull(signal);
  }

  discard(): string[] {
    return this.#hosts.flatMap((host) => host.discard());
  }
}
