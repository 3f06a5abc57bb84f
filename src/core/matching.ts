import type { AnyEvent, BusEvent, EventTable } from "./event.ts";
import type { Cursor } from "./subscription.ts";

/**
 * Whether pattern `P` matches event type `T`, decided by the compiler as the bus decides it at run
 * time: `*` is exactly one segment, `**` is zero or more, anywhere.
 */
export type Matches<P extends string, T extends string> = P extends T ? true
  : P extends "**" ? true
  : P extends `**.${infer R}`
    ? (Matches<R, T> extends true ? true : T extends `${string}.${infer X}` ? Matches<P, X> : false)
  : P extends `${infer H}.${infer R}`
    ? (T extends `${infer F}.${infer X}` ? (H extends "*" | F ? Matches<R, X> : false)
      : IsEmpty<R> extends true ? (H extends "*" | T ? true : false)
      : false)
  : P extends "*" ? (T extends `${string}.${string}` ? false : true)
  : false;

/** Whether pattern `P` matches no segment at all, as `**` and `**.**` do. */
export type IsEmpty<P extends string> = P extends "**" ? true
  : P extends `**.${infer R}` ? IsEmpty<R>
  : false;

/** A template that fits whatever pattern `P` matches, and perhaps more. */
export type LooseTemplate<P extends string> = P extends `${infer A}.**.${infer B}`
  ? `${LooseTemplate<A>}${string}${LooseTemplate<B>}`
  : P extends `**.${infer B}` ? `${string}${LooseTemplate<B>}`
  : P extends `${infer A}.**` ? `${LooseTemplate<A>}${string}`
  : P extends `${infer A}*${infer B}` ? `${A}${string}${LooseTemplate<B>}`
  : P;

/**
 * The types of map `M` that pattern `P` matches. The template rules most of them out first: with
 * 200 types in the map it makes the check of a wildcard ten times as fast.
 */
export type MatchingTypes<M, P extends string> = P extends `${string}*${string}`
  ? Matching<P, Extract<keyof M & string, LooseTemplate<P>>>
  : P extends keyof M ? P
  : never;

/** Those of types `K` that pattern `P` matches. */
export type Matching<P extends string, K extends string> = K extends string
  ? Matches<P, K> extends true ? K : never
  : never;

/**
 * The pattern itself if it can match an event of map `M`, else a sentence that the compiler shows
 * in its error: of several patterns, each for itself. For `"**"`, and a pattern that is any text, it
 * is not worth looking: the long way takes 20 s with 500 types. A template such as
 * `order.${string}`, which no object needs as a key, may be any of its texts.
 */
export type KnownPattern<M, P extends string> = string extends keyof M ? P
  : "**" extends P ? P
  : P extends unknown ? Record<never, never> extends Record<P, unknown> ? P
    : [MatchingTypes<M, P>] extends [never] ? `No event of this bus matches '${P}'`
    : P
  : never;

/**
 * What a handler of pattern `P` receives on a bus with map `M`: the union of what matches. Looking
 * it up in the map's table takes a third less of the compiler's time than making it of the types.
 * Where nothing matches it is any event: `KnownPattern` says what is wrong, and `never` would add an
 * error for each use of the event.
 */
export type MatchedEvent<M, P extends string> = string extends keyof M
  ? BusEvent<M[keyof M & string]>
  : "**" extends P ? AnyEvent<M>
  // deno-lint-ignore no-explicit-any
  : [MatchingTypes<M, P>] extends [never] ? BusEvent<any>
  : EventTable<M>[MatchingTypes<M, P> & keyof EventTable<M>];

/**
 * What a handler of `on` receives: an event, or with `zeroCopy` the data where it lies. It is not
 * told by overloads, so that the compiler's error about an option or a pattern is about nothing else.
 * Who takes a handler of it says `NoInfer`: the compiler would look for `P` in the handler, too, which
 * costs 1.3 s for each `"**"` where a map has 500 types, and three times what any subscriptions take.
 */
export type Received<M, P extends string, Z extends boolean> = [Z] extends [true] ? Cursor
  : MatchedEvent<M, P>;
