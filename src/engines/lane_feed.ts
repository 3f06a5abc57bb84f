import type { Feed } from "./feed.ts";
import type { LaneHost } from "./lane_host.ts";

/** All lanes of one bus, as its engine sees them. */
export class LaneFeed implements Feed {
  readonly isOpen = false;
  readonly #hosts: LaneHost[] = [];

  /** Lets events of further lanes come. */
  add(host: LaneHost): void {
    this.#hosts.push(host);
  }

  collect(): void {
    for (const host of this.#hosts) host.collect();
  }

  async pull(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.pull(signal)));
  }

  discard(): string[] {
    return this.#hosts.flatMap((host) => host.discard());
  }
}
