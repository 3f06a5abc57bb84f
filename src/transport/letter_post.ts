import type { Stall } from "../message/contracts.ts";
import { type DeadLetterTarget, letterIdentity, makeLetter } from "./dead_letter.ts";
import type { Message } from "../message/message.ts";
import type { Source } from "./port.ts";
import type { Slot } from "./slot.ts";
import { after } from "./timer.ts";

const FIRST_DELAY = 100;
const LAST_DELAY = 30_000;

/** What a dead letter needs of the consumption. */
export interface LetterHooks {
  readonly topic: string;
  source(): Source | undefined;
  stalled(stall: Stall): void;
}

/** How a letter ended: confirmed, confirmed together with the ack, or given up because its slot is gone. */
export type Posted = "published" | "transferred" | "abandoned";

/** Publishes dead letters, each until it is confirmed. */
export class LetterPost {
  /** Attempts to publish that are in flight. */
  sending = 0;
  readonly #target: DeadLetterTarget;
  readonly #hooks: LetterHooks;

  constructor(target: DeadLetterTarget, hooks: LetterHooks) {
    this.#target = target;
    this.#hooks = hooks;
  }

  /** Tries until the letter is confirmed or the slot is gone; `goesOn` tells whether to try again. */
  async post(slot: Slot, error: unknown, goesOn: () => boolean): Promise<Posted> {
    const letter = makeLetter(slot, this.#hooks.topic, this.#target.handler, error);
    const identity = letterIdentity(this.#target, letter);
    for (let attempt = 1;; attempt++) {
      this.sending++;
      try {
        return await this.#send(slot, letter, identity);
      } catch (cause) {
        if (attempt === 1) this.#report(slot, cause);
      } finally {
        this.sending--;
      }
      if (slot.isGone || slot.isLost || !goesOn()) return "abandoned";
      await this.#wait(slot, Math.min(FIRST_DELAY * 2 ** (attempt - 1), LAST_DELAY));
      if (slot.isGone || slot.isLost || !goesOn()) return "abandoned";
    }
  }

  async #send(slot: Slot, letter: Message, identity: string): Promise<Posted> {
    const source = this.#hooks.source();
    if (source?.transfer === undefined || this.#target.encode === undefined) {
      await this.#target.publish(letter, identity);
      return "published";
    }
    await source.transfer(slot.delivery, this.#target.topic, this.#target.encode(letter));
    return "transferred";
  }

  #report(slot: Slot, cause: unknown): void {
    this.#hooks.stalled({
      topic: this.#hooks.topic,
      lane: slot.delivery.lane.name,
      uuid: slot.message.uuid,
      cause,
    });
  }

  /** Ends early when the slot is taken away. */
  #wait(slot: Slot, delay: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = after(delay, resolve);
      slot.cancel = () => {
        cancel();
        resolve();
      };
    });
  }
}
