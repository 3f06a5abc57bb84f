import type { Lane } from "@beat/beat/transport";
import type { GroupLane } from "./group_lane.ts";
import type { Inbox } from "./inbox.ts";

/** Milliseconds after which the server forgets that it was asked for messages. */
export const EXPIRES = 10_000;

/** What the consumers of a member are asked for: together as much as there is room for. */
export class Requests {
  readonly #inbox: Inbox;
  readonly #lanes: readonly GroupLane[];
  readonly #timeout: number;
  #turn = 0;

  /** `timeout` is how many milliseconds an answer of the server may take. */
  constructor(inbox: Inbox, lanes: readonly GroupLane[], timeout: number) {
    this.#inbox = inbox;
    this.#lanes = lanes;
    this.#timeout = timeout;
  }

  /** @throws {Error} If the server has left a request unanswered. */
  check(): void {
    const silent = this.#lanes.find(({ isSilent }) => isSilent);
    if (silent !== undefined) throw new Error(`Consumer '${silent.durable}' does not answer`);
  }

  /** Asks for as much as there is room for, beginning with another lane each time. */
  ask(room: number, paused: (lane: Lane) => boolean): void {
    const lanes = this.#lanes;
    let left = room - lanes.reduce((sum, { asked }) => sum + asked, 0);
    const start = this.#turn++ % lanes.length;
    for (const [at, lane] of [...lanes.slice(start), ...lanes.slice(0, start)].entries()) {
      // Each its share, and at least one: a partition that nobody asks stands still.
      const share = Math.max(1, Math.floor(left / (lanes.length - at)));
      const count = Math.min(share, lane.room);
      // A request for each message that was handled would be as many requests as messages.
      if (count <= lane.asked || paused(lane)) continue;
      this.#inbox.ask(lane, count, EXPIRES);
      lane.ask(count, EXPIRES + this.#timeout);
      left -= count;
    }
  }

  /** What was asked for by a connection that is lost, the server may have forgotten. */
  dismiss(): void {
    for (const lane of this.#lanes) lane.dismiss(lane.asked);
  }
}
