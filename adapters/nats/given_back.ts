import type { Connection, Opened } from "./connection.ts";
import { unlessMissing } from "./topics.ts";

/** A message as one durable consumer has it. */
export interface Place {
  readonly stream: string;
  readonly durable: string;
  readonly sequence: number;
}

const STREAM = "beat-given-back";
const SUBJECTS = "beat.given-back";
/** Nanoseconds that a note is kept: a week. */
const KEPT = 7 * 24 * 60 * 60 * 1e9;

/**
 * Remembers which deliveries no handler has seen. A server counts every delivery, also of what was given
 * back as a process ended: after a few ends a message would be out of attempts that nobody has tried.
 */
export class GivenBack {
  readonly #connection: Connection;
  #made: Promise<unknown> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** How often it was given back; what cannot be found out counts as tried. */
  async times(place: Place): Promise<number> {
    try {
      const { jsm } = await this.#connection.open("count deliveries");
      const query = { last_by_subj: subjectOf(place) };
      const note = await unlessMissing(jsm.streams.getMessage(STREAM, query));
      return Number(note?.string() ?? 0);
    } catch {
      return 0;
    }
  }

  /** Remembers one more return of each; what cannot be remembered counts as tried. */
  async note(places: readonly (Place & { readonly returns: number })[]): Promise<void> {
    try {
      const opened = await this.#connection.open("give back messages");
      this.#made ??= make(opened);
      await this.#made;
      const noting = places.map((place) =>
        opened.js.publish(subjectOf(place), String(place.returns + 1))
      );
      await this.#connection.untilLost(Promise.all(noting));
    } catch {
      this.#made = undefined;
    }
  }

  /** Forgets what was noted of a stream, or of one consumer: the next of that name counts from 1. */
  async forget(stream: string, durable = "*"): Promise<void> {
    try {
      const { jsm } = await this.#connection.open("forget deliveries");
      await jsm.streams.purge(STREAM, { filter: `${SUBJECTS}.${stream}.${durable}.*` });
    } catch {
      // Nothing was noted, or may be by us.
    }
  }
}

function make({ jsm }: Opened): Promise<unknown> {
  return jsm.streams.add({
    name: STREAM,
    subjects: [`${SUBJECTS}.>`],
    max_msgs_per_subject: 1,
    max_age: KEPT,
  });
}

function subjectOf({ stream, durable, sequence }: Place): string {
  return `${SUBJECTS}.${stream}.${durable}.${sequence}`;
}
