import type { Codec } from "../message/codec.ts";
import type { Message } from "../message/message.ts";
import type { Rec } from "../message/rec.ts";
import { RecentEntries } from "../transport/recent_entries.ts";

/** Deliveries with an offset that are remembered at most; the oldest is forgotten first. */
const REMEMBERED = 10_000;

/** What is known of a delivery whose handling is repeated. */
interface Confirmed {
  readonly topics: Set<string>;
  /** Whether it was last handled together with others. */
  together: boolean;
}

/**
 * Which topics have confirmed what a delivery led to, as long as it may be handled again. A delivery is
 * known by its place with the broker, as two messages may have one uuid; without a place by its record,
 * which is the same for all attempts here.
 */
export class Confirmations {
  readonly #byPlace = new RecentEntries<string, Confirmed>(REMEMBERED);
  readonly #byRec = new WeakMap<Rec, Confirmed>();
  readonly #recs = new WeakMap<Message, Rec>();
  /** Whether the broker names its records; unknown before the first message. */
  #hasPlaces: boolean | undefined;
  #hasRecs = false;

  /** A codec that tells of which record each message is an attempt. */
  follow(codec: Codec): Codec {
    return {
      encode: (message, context) => codec.encode(message, context),
      decode: (rec, context) => {
        const message = codec.decode(rec, context);
        if (this.#hasPlaces !== true) this.#recs.set(message, rec);
        return message;
      },
    };
  }

  /** These are handled now, together. */
  begin(causes: readonly Message[]): void {
    this.#hasPlaces ??= causes.length > 0 && placeOf(causes[0]!) !== "";
    if (this.#isEmpty) return;
    for (const cause of causes) {
      const confirmed = this.#get(cause);
      if (confirmed !== undefined) confirmed.together = causes.length > 1;
    }
  }

  /** The topics that have confirmed what each of these led to. */
  of(causes: readonly Message[]): Set<string> {
    const [first, ...rest] = this.#isEmpty ? [] : causes;
    const topics = new Set(first && this.#get(first)?.topics);
    for (const cause of rest) {
      const own = this.#get(cause)?.topics;
      for (const topic of topics) if (own?.has(topic) !== true) topics.delete(topic);
    }
    return topics;
  }

  /** Topics have confirmed what these led to, and others have not. */
  keep(causes: readonly Message[], topics: ReadonlySet<string>): void {
    if (topics.size === 0) return;
    const together = causes.length > 1;
    for (const cause of causes) {
      const before = this.#get(cause)?.topics ?? [];
      this.#set(cause, { topics: new Set([...before, ...topics]), together });
    }
  }

  /** The handler has returned, and all is confirmed: what it has not nacked is done with. */
  end(causes: readonly Message[]): void {
    if (this.#isEmpty) return;
    for (const cause of causes) if (cause.state !== "nacked") this.#forget(cause);
  }

  /** One has failed for good; what failed together with others is tried alone. */
  giveUp(cause: Message): void {
    if (this.#get(cause)?.together === false) this.#forget(cause);
  }

  get #isEmpty(): boolean {
    return this.#byPlace.size === 0 && !this.#hasRecs;
  }

  #forget(cause: Message): void {
    const place = placeOf(cause);
    if (place !== "") this.#byPlace.delete(place);
    else this.#byRec.delete(this.#recs.get(cause)!);
  }

  #get(cause: Message): Confirmed | undefined {
    if (this.#isEmpty) return undefined;
    const place = placeOf(cause);
    return place !== "" ? this.#byPlace.get(place) : this.#byRec.get(this.#recs.get(cause)!);
  }

  #set(cause: Message, confirmed: Confirmed): void {
    const place = placeOf(cause);
    if (place === "") {
      const rec = this.#recs.get(cause);
      if (rec !== undefined) this.#byRec.set(rec, confirmed);
      this.#hasRecs = true;
      return;
    }
    this.#byPlace.set(place, confirmed);
  }
}

/**
 * Where a message came from; "" if its broker does not name the record. The uuid tells it from what has
 * its offset after the topic was made anew.
 */
function placeOf({ origin, uuid }: Message): string {
  const { partition, offset } = origin!;
  return offset === "" ? "" : JSON.stringify([partition, offset, uuid]);
}
