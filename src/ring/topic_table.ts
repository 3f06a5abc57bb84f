import { FrameError, padToWord } from "./frame.ts";
import { type Layout, NODE_TOPIC_BYTES, NODE_TOPICS, TOPIC_LIMIT, TOPIC_TEXT } from "./layout.ts";
import { copyBytes, readText, Scratch } from "./text.ts";
import type { Cells } from "../runtime/shared_cells.ts";

/** What stands for a type that has no number: its text stands in the frame. */
export const NO_TOPIC = -1;

/**
 * The types that one thread has numbered. Names are only ever added, by plain stores: the frame
 * that first uses a number is published later, and who sees it sees the name.
 */
export class TopicTable {
  readonly #cells: Cells;
  readonly #node: number;
  readonly #entries: number;
  readonly #numbers = new Map<string, number>();
  readonly #scratch = new Scratch();

  /** Goes on with what a thread before has numbered. */
  constructor(cells: Cells, layout: Layout, node: number) {
    this.#cells = cells;
    this.#node = layout.node(node);
    this.#entries = layout.topics(node);
    const count = cells.get(this.#node + NODE_TOPICS);
    for (let number = 0; number < count; number++) {
      this.#numbers.set(readTopic(cells, layout, node, number), number);
    }
  }

  /** The number of a type, given now if need be; {@linkcode NO_TOPIC} if there is no room. */
  numberOf(type: string): number {
    const known = this.#numbers.get(type);
    if (known !== undefined) return known;
    const cells = this.#cells;
    const number = this.#numbers.size;
    const start = cells.get(this.#node + NODE_TOPIC_BYTES);
    if (number === TOPIC_LIMIT || !type.isWellFormed()) return NO_TOPIC;
    if (start + type.length > TOPIC_TEXT) return NO_TOPIC;
    this.#scratch.length = 0;
    const length = this.#scratch.putText(type);
    if (start + length > TOPIC_TEXT) return NO_TOPIC;
    copyBytes(cells, (this.#entries + TOPIC_LIMIT * 2) * 4 + start, this.#scratch.bytes, length);
    cells.set(this.#entries + number * 2, start);
    cells.set(this.#entries + number * 2 + 1, length);
    cells.set(this.#node + NODE_TOPIC_BYTES, start + padToWord(length));
    // Last, so that a thread that dies before it leaves the entry free.
    cells.set(this.#node + NODE_TOPICS, number + 1);
    this.#numbers.set(type, number);
    return number;
  }
}

/**
 * The name of a topic that `node` has numbered.
 *
 * @throws {FrameError} If it has not.
 */
export function readTopic(cells: Cells, layout: Layout, node: number, number: number): string {
  const entry = layout.topics(node) + number * 2;
  if (number < 0 || number >= cells.get(layout.node(node) + NODE_TOPICS)) {
    throw new FrameError(`it names topic ${number}, which is not there`);
  }
  const start = cells.get(entry);
  const length = cells.get(entry + 1);
  if (start < 0 || length < 0 || start + length > TOPIC_TEXT) {
    throw new FrameError(`topic ${number} does not fit into the table`);
  }
  return readText(cells, (layout.topics(node) + TOPIC_LIMIT * 2) * 4 + start, length);
}
