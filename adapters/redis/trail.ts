import { isBefore } from "./stream_state.ts";

/** Ids of each level that are remembered. */
const LENGTH = 8;

/**
 * Where a consumer is in a stream, and where it has been; it outlives the connection. Of its ids every
 * one is of level 0, every other one of level 1, every fourth of level 2, and so on: the last of each
 * level are remembered, so that there is always one about as long ago as is asked for.
 */
export class Trail {
  readonly #levels: string[][] = [];
  #count = 0;
  #end: string;

  /** It begins after an id, which need not be that of an entry. */
  constructor(start: string) {
    this.#end = start;
    this.#levels.push([start]);
  }

  /** The id where it is. */
  get end(): string {
    return this.#end;
  }

  /** Where it is and has been, the last first; of those long ago there are fewer and fewer. */
  get backwards(): readonly string[] {
    return [...new Set(this.#levels.flat())].sort((one, other) => isBefore(one, other) ? 1 : -1);
  }

  /** It has come to an id. */
  goOn(id: string): void {
    this.#end = id;
    this.#count++;
    for (let level = 0; this.#count % 2 ** level === 0; level++) {
      const ids = this.#levels[level] ??= [];
      ids.push(id);
      if (ids.length > LENGTH) ids.shift();
    }
  }

  /** It has to go back to an id. */
  goBack(id: string): void {
    for (const [level, ids] of this.#levels.entries()) {
      this.#levels[level] = ids.filter((one) => isBefore(one, id));
    }
    this.goOn(id);
  }
}
