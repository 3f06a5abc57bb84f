/**
 * The events of all questions, and the five shapes that make a call site megamorphic.
 *
 * @module
 */

/** The data of every measured event; handlers add `value` up, so that a lost call is noticed. */
export interface Payload {
  value: number;
}

/** An event as every subject gets it. */
export interface BenchEvent {
  type: string;
  data: Payload;
}

/** Every type carries a {@linkcode Payload}. */
export type BenchMap = Record<string, Payload>;

/** The type of all questions with one type. */
export const TYPE = "order.created";

/** Sixteen exact types, none of them equal to {@linkcode TYPE}. */
export const TYPES: readonly string[] = Array.from({ length: 16 }, (_, i) => `order.step${i}`);

/** A new event of the plain shape. */
export function createEvent(type = TYPE): BenchEvent {
  return { type, data: { value: 1 } };
}

/**
 * The same event in five hidden classes. V8 gives up on remembering property places at the fifth,
 * which is what a program with several kinds of events does to `event.type` in a library.
 */
export function createShapes(type: string): BenchEvent[] {
  const data = { value: 1 };
  return [
    { type, data },
    { type, data, key: "customer-7" } as BenchEvent,
    { type, data, id: "01J", source: "bench" } as BenchEvent,
    { type, data, metadata: { tenant: "a" } } as BenchEvent,
    { data, type },
  ];
}
