import type { Lane } from "@beat/beat/transport";

/** What a lane is made of. */
export interface GroupLanePlan {
  readonly name: string;
  readonly stream: string;
  readonly durable: string;
  /** Messages that may be under way at once. */
  readonly most: number;
}

/** A durable consumer of a group as one member has it: all of a topic, or one partition of it. */
export class GroupLane implements Lane {
  readonly name: string;
  readonly stream: string;
  readonly durable: string;
  fenced = false;
  /** What the subjects begin with that its deliveries are acked by; `""` until there was one. */
  beginning = "";
  /** Messages that were asked for and did not come yet. */
  asked = 0;
  readonly #most: number;
  /** Messages that are here and not settled. */
  #held = 0;
  /** When all that was asked for has come or was refused, by `performance.now()`. */
  #until = 0;

  constructor({ name, stream, durable, most }: GroupLanePlan) {
    this.name = name;
    this.stream = stream;
    this.durable = durable;
    this.#most = most;
  }

  /** How many messages may be asked for beside those that were. */
  get room(): number {
    return this.#most - this.asked - this.#held;
  }

  /** Whether the server has left a request unanswered. */
  get isSilent(): boolean {
    return this.asked > 0 && performance.now() > this.#until;
  }

  /** So many more messages were asked for, and will be answered within some milliseconds. */
  ask(count: number, within: number): void {
    this.asked += count;
    this.#until = performance.now() + within;
  }

  /** One of them has come. */
  receive(): void {
    this.dismiss(1);
    this.#held++;
  }

  /** So many of them will not come. */
  dismiss(count: number): void {
    this.asked = Math.max(0, this.asked - count);
  }

  /** One that was here is settled. */
  settle(): void {
    this.#held = Math.max(0, this.#held - 1);
  }
}
