/** Fields of an event beside its type and its data. */
export interface EventFields {
  /** Events with the same key keep their order where handlers run concurrently. */
  key?: string;
  /** Identity of this occurrence, chosen by the emitter; the bus never fills it in. */
  id?: string;
  /** What emitted the event, for example a service or a URI. */
  source?: string;
  /** Further facts as text, for example a trace context. */
  metadata?: Record<string, string>;
  /** When it happened, in milliseconds since the Unix epoch; the bus never fills it in. */
  timestamp?: number;
}

/**
 * What a handler receives. The bus passes the emitter's own object on: it copies nothing, and all
 * handlers of an event share it.
 *
 * @typeParam T The type of `data`.
 */
export interface BusEvent<T = unknown> extends EventFields {
  /** The name of the event, any non-empty string: segments are separated by `.`. */
  type: string;
  /** The payload. */
  data: T;
}

/**
 * A {@linkcode BusEvent} whose type is known to the compiler, so that a union of them narrows by
 * `event.type`.
 *
 * @typeParam K The event type.
 * @typeParam T The type of `data`.
 */
export interface TypedEvent<K extends string, T> extends BusEvent<T> {
  /** The name of the event. */
  readonly type: K;
}

/**
 * What `emit(event)` takes for an event that carries data.
 *
 * @typeParam K The event type.
 * @typeParam T The type of `data`.
 */
export interface DataInput<K extends string, T> extends EventFields {
  /** The name of the event. */
  readonly type: K;
  /** The payload. */
  readonly data: T;
}

/**
 * What `emit(event)` takes for an event whose data may be left out.
 *
 * @typeParam K The event type.
 * @typeParam T The type of `data`.
 */
export interface OptionalDataInput<K extends string, T> extends EventFields {
  /** The name of the event. */
  readonly type: K;
  /** The payload, if there is one. */
  readonly data?: T;
}

/** The map of a bus that was given none: any type, any data. */
export type OpenEventMap = Record<string, unknown>;

/** The event types of a map. */
export type TypesOf<M> = keyof M & string;

/** The event (or union of events) of the types `K` in map `M`. */
export type EventOf<M, K extends keyof M = keyof M> = K extends string ? TypedEvent<K, M[K]>
  : never;

/** Any event of map `M`: what a handler of `"**"` receives. */
export type AnyEvent<M> = string extends keyof M ? BusEvent<M[keyof M & string]> : EventTable<M>[
  & keyof M
  & string
];

/** The events of a map, by type. The compiler keeps one such table per map. */
export type EventTable<M> = { [K in keyof M & string]: TypedEvent<K, M[K]> };

/** What `emit(event)` takes for one type: data may be left out where the map allows `undefined`. */
export type InputOf<K extends string, T> = undefined extends T ? OptionalDataInput<K, T>
  : DataInput<K, T>;

/** The inputs of a map, by type. */
export type InputTable<M> = { [K in keyof M & string]: InputOf<K, M[K]> };

/** What `emit(event)` takes: any event of map `M`. */
export type EventInput<M> = InputTable<M>[keyof M & string];

/** The types of map `M` that need no data. */
export type TypesWithoutData<M> = {
  [K in keyof M & string]: undefined extends M[K] ? K : never;
}[keyof M & string];

/** What `emit` takes alone; the compiler's error about data that is missing says this name. */
export type EventOrTypeWithoutData<M> = EventInput<M> | TypesWithoutData<M>;

/**
 * The data that is right for whichever of the types `K` of map `M`: where there are several, what fits
 * all of them, as the compiler asks it of who writes to an object by such a key. A function that is
 * generic in `K` names the data by it that it hands on.
 */
export type DataOf<M, K extends keyof M> =
  (K extends unknown ? (data: M[K]) => void : never) extends (data: infer T) => void ? T : never;

/** What follows the type in `emit(type, data)`: nothing is needed where `undefined` is allowed. */
export type DataArgs<T> = undefined extends T ? [data?: T] : [data: T];

/** A handler. A promise that it returns is watched; anything else that it returns is ignored. */
export type Handler<E = BusEvent> = (event: E) => unknown;
