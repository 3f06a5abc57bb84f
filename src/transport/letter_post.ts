import type { Stall } from "../message/contracts.ts";
import { PublishError } from "../message/errors.ts";
import type { Message } from "../message/message.ts";
import { type DeadLetterTarget, letterIdentity, makeLetter } from "./dead_letter.ts";
import { packLetter } from "./packed_letter.ts";
import type { Source } from "./port.ts";
import type { Slot } from "./slot.ts";
import { after } from "./timer.ts";

const FIRST_DELAY = 100;
const LAST_DELAY = 30_000;

/** What a dead letter needs of the consumption. */
export interface LetterHooks {
  readonly topic: string;
  /** Publishes and acks in one step, where the source can. */
  transfer(): Source["transfer"] | undefined;
  stalled(stall: Stall): void;
}

/** How a letter ended: confirmed, confirmed together with the ack, or given up because its slot is gone. */
export type Posted = "published" | "transferred" | "abandoned";

/** Publishes dead letters, each until it is confirmed. */
export class LetterPost {
  readonly #target: DeadLetterTarget;
  readonly #hooks: LetterHooks;

  constructor(target: DeadLetterTarget, hooks: LetterHooks) {
    this.#target = target;
    this.#hooks = hooks;
  }

  /** Tries until the letter is confirmed or the slot is gone; `goesOn` tells whether to try again. */
  async post(slot: Slot, error: unknown, goesOn: () => boolean): Promise<Posted> {
    let letter: Message | undefined;
    for (let attempt = 1;; attempt++) {
      try {
        letter ??= makeLetter(slot, this.#hooks.topic, this.#target.handler, error);
        return await this.#sendOrPack(slot, letter);
      } catch (cause) {
        if (attempt === 1) this.#report(slot, cause);
      }
      if (slot.isGone || slot.isLost || !goesOn()) return "abandoned";
      await this.#wait(slot, Math.min(FIRST_DELAY * 2 ** (attempt - 1), LAST_DELAY));
      if (slot.isGone || slot.isLost || !goesOn()) return "abandoned";
    }
  }

  /** What a codec or a broker refuses for its metadata goes with these packed; the first refusal counts. */
  async #sendOrPack(slot: Slot, letter: Message): Promise<Posted> {
    const identity = letterIdentity(this.#target, letter);
    try {
      return await this.#send(slot, letter, identity);
    } catch (refusal) {
      const packed = isRefusal(refusal) ? packLetter(letter) : undefined;
      if (packed === undefined) throw refusal;
      return await this.#send(slot, packed, identity).catch(() => {
        throw refusal;
      });
    }
  }

  async #send(slot: Slot, letter: Message, identity: string): Promise<Posted> {
    const { topic, encode } = this.#target;
    const transfer = encode && this.#hooks.transfer();
    if (transfer === undefined) {
      await this.#target.publish(letter, identity);
      return "published";
    }
    await transfer(slot.delivery, topic, encode!(letter));
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

  /** Ends early when the slot is taken away; while a letter is on its way it cannot be. */
  #wait(slot: Slot, delay: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        slot.cancel = undefined;
        cancel();
        resolve();
      };
      const cancel = after(delay, end);
      slot.cancel = end;
    });
  }
}

/** Whether a message can never be published as it is. */
function isRefusal(error: unknown): boolean {
  return error instanceof PublishError &&
    error.failed.some(({ outcome }) => outcome === "rejected");
}
