/** Type tests: checked by the compiler, never run. */
import { createBus, forAsync, forSync, on } from "../../mod.ts";
import type {
  AsyncBus,
  Bus,
  BusEvent,
  Cursor,
  DataArgs,
  DataOf,
  EventInput,
  Matches,
  SubscribeOptions,
  SyncBus,
  Topic,
  TypedEvent,
  TypesOf,
} from "../../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function expectType<_T extends true>(): void {}

interface Events {
  "user.created": { name: string };
  "user.deleted": { id: number };
  "order.paid.eu": number;
  "order.paid": number;
  ping: void;
  note: string | undefined;
}

const bus = forSync<Events>();

// Patterns, as the compiler and the bus decide them alike.
expectType<Equal<Matches<"a.*", "a.b">, true>>();
expectType<Equal<Matches<"a.*", "a">, false>>();
expectType<Equal<Matches<"a.*", "a.b.c">, false>>();
expectType<Equal<Matches<"*", "a">, true>>();
expectType<Equal<Matches<"*", "a.b">, false>>();
expectType<Equal<Matches<"**", "a.b">, true>>();
expectType<Equal<Matches<"a.**", "a">, true>>();
expectType<Equal<Matches<"a.**", "a.b.c">, true>>();
expectType<Equal<Matches<"**.c", "c">, true>>();
expectType<Equal<Matches<"**.c", "a.b.c">, true>>();
expectType<Equal<Matches<"**.c", "c.d">, false>>();
expectType<Equal<Matches<"a.**.c", "a.c">, true>>();
expectType<Equal<Matches<"a.**.c", "a.b.b.c">, true>>();
expectType<Equal<Matches<"a.**.c", "a.b">, false>>();
expectType<Equal<Matches<"*.*", "a.b">, true>>();
expectType<Equal<Matches<"*.**", "a">, true>>();

// An exact pattern gives its own data, a wildcard the union of what matches.
bus.on("user.created", (event) => {
  expectType<Equal<typeof event, TypedEvent<"user.created", { name: string }>>>();
});
bus.on("user.*", (event) => {
  if (event.type === "user.created") expectType<Equal<typeof event.data, { name: string }>>();
  else expectType<Equal<typeof event.data, { id: number }>>();
});
bus.on("order.**", (event) => expectType<Equal<typeof event.data, number>>());
bus.on("**", (event) => {
  expectType<Equal<typeof event.type, keyof Events>>();
  if (event.type === "order.paid") expectType<Equal<typeof event.data, number>>();
});
bus.on("**.paid", (event) => expectType<Equal<typeof event.type, "order.paid">>());

// @ts-expect-error: no event of the map matches the pattern
bus.on("ordr.*", () => {});
// @ts-expect-error: no event of the map has the type
bus.on("user.creatd", () => {});
// @ts-expect-error: the handler wants other data
bus.on("user.created", (event: BusEvent<number>) => event.data);
// @ts-expect-error: no such option
bus.on("user.created", () => {}, { onse: true });
// @ts-expect-error: a handler is needed
bus.on("user.created");

// emit wants the data that the map says, and none where it says void.
bus.emit("user.created", { name: "Ada" });
bus.emit({ type: "user.created", data: { name: "Ada" }, key: "1" });
bus.emit("ping");
bus.emit({ type: "ping" });
bus.emit("note");
bus.emit("note", "text");
bus.unsafeEmit("user.deleted", { id: 1 });
bus.emitBatch([{ type: "ping" }, { type: "order.paid", data: 1 }]);
const done: Promise<void> = bus.emitAsync("order.paid", 1);
void done;
// @ts-expect-error: data is missing
bus.emit("user.created");
// @ts-expect-error: data is missing
bus.emit({ type: "user.created" });
// @ts-expect-error: data is of another type
bus.emit("user.created", { name: 1 });
// @ts-expect-error: data of another event
bus.emit({ type: "user.created", data: { id: 1 } });
// @ts-expect-error: no such event
bus.emit("user.unknown", {});
// @ts-expect-error: the map says void
bus.emit("ping", 1);
// @ts-expect-error: one of the batch is wrong
bus.emitBatch([{ type: "order.paid", data: "1" }]);
// @ts-expect-error: an event is an object
bus.emit(5);

// A type that is one of several: the data must fit all of them, or the event is one object.
declare const paid: "order.paid" | "order.paid.eu";
bus.emit(paid, 1);
void bus.emitAsync(paid, 1);
bus.topic(paid).emit(1);
declare const user: "user.created" | "user.deleted";
const both = { name: "Ada", id: 1 };
bus.emit(user, both);
bus.topic(user).emit(both);
// @ts-expect-error: the event may be the other one
bus.emit(user, { name: "Ada" });
// @ts-expect-error: the event may be the other one
bus.unsafeEmit(user, { id: 1 });
// @ts-expect-error: the event may be the other one
void bus.emitAsync(user, { id: 1 });
// @ts-expect-error: the event may be the other one
bus.topic(user).emit({ id: 1 });
// @ts-expect-error: data is missing, whichever it is
bus.emit(user);
declare const maybe: "ping" | "note";
bus.emit(maybe);
declare const any: EventInput<Events>;
bus.emit(any);
declare const type: keyof Events;
// @ts-expect-error: nothing fits all of them
bus.emit(type, 1);

// Functions that hand on what they are given may be generic in the map, or in the type.
function forward<M extends object>(to: Bus<M>, event: EventInput<M>): void {
  to.emit(event);
  to.unsafeEmit(event);
  to.emitBatch([event]);
}
forward(bus, { type: "ping" });
function send<K extends TypesOf<Events>>(type: K, data: DataOf<Events, K>): void {
  bus.emit(type, data);
  void bus.emitAsync(type, data);
}
send("order.paid", 1);
send(user, both);
// @ts-expect-error: the event may be the other one
send(user, { id: 1 });
function pass<K extends TypesOf<Events>>(type: K, ...data: DataArgs<DataOf<Events, K>>): void {
  bus.emit(type, ...data);
}
pass("order.paid", 1);
pass("ping");

// once, events, topic and the target are typed by the same map.
const once: Promise<TypedEvent<"user.deleted", { id: number }>> = bus.once("user.deleted");
void once;
async function iterate(): Promise<void> {
  for await (const event of bus.events("order.*")) {
    expectType<Equal<typeof event, TypedEvent<"order.paid", number>>>();
  }
}
void iterate;
const topic = bus.topic("order.paid");
expectType<Equal<typeof topic, Topic<"order.paid", number>>>();
topic.emit(1);
topic.dispatch({ type: "order.paid", data: 1 });
bus.topic("ping").emit();
bus.topic("ping").dispatch({ type: "ping" });
// @ts-expect-error: data is missing
topic.emit();
// @ts-expect-error: an event of another type
topic.dispatch({ type: "order.paid.eu", data: 1 });
// @ts-expect-error: data is of another type
topic.unsafeDispatch({ type: "order.paid", data: "1" });
// @ts-expect-error: no such event
bus.topic("order");
bus.asEventTarget().addEventListener("order.paid", (event) => {
  expectType<Equal<typeof event.detail, number>>();
});
const listener = (event: Event) => event.type;
bus.asEventTarget().addEventListener("ping", listener, { once: true });
bus.asEventTarget().addEventListener("ping", { handleEvent: listener });
forSync().asEventTarget().addEventListener("any.thing", listener);
const target: EventTarget = bus.asEventTarget();
void target;
// @ts-expect-error: a target listens to exact types
bus.asEventTarget().addEventListener("order.*", listener);
// @ts-expect-error: no such event
bus.asEventTarget().addEventListener("order.payd", listener);
// @ts-expect-error: a pattern that matches nothing
bus.once("nothing.*");
// @ts-expect-error: a pattern that matches nothing
bus.events("nothing.*");

// Of several patterns each is looked at for itself; a template may be any of its texts.
declare const anyOf: "order.paid" | "ping";
bus.on(anyOf, (event) => expectType<Equal<typeof event.type, "order.paid" | "ping">>());
declare const oneOf: "order.paid" | "order.payd";
// @ts-expect-error: one of them matches nothing
bus.on(oneOf, () => {});
declare const text: string;
bus.on(`order.${text}`, () => {});
bus.events(`${text}.*`);
bus.once(`order.${text}`);

// What these give is typed, not any.
expectType<Equal<ReturnType<typeof bus.emitAsync>, Promise<void>>>();
bus.once("order.paid").then((event) => expectType<Equal<typeof event.data, number>>());
expectType<Equal<Parameters<typeof topic.emit>, [data: number]>>();
bus.prewarm(["order.paid", "ping"]);
// @ts-expect-error: no such event
bus.prewarm(["order"]);
// @ts-expect-error: data is of another type
bus.emitAsync("order.paid", "1");
expectType<Equal<ReturnType<typeof createBus<Events>>, SyncBus<Events>>>();
const made = createBus<Events>({ deferred: true });
expectType<Equal<typeof made, AsyncBus<Events>>>();
// @ts-expect-error: data is of another type
made.enqueue({ type: "order.paid", data: "1" });

// Stars repeat, and a star in a map is a name like any other.
expectType<Equal<Matches<"a.**.**", "a">, true>>();
expectType<Equal<Matches<"**.**", "a">, true>>();
forSync<{ "a.*": 1; "a.b": string }>().on("a.*", (event) => {
  expectType<Equal<typeof event.data, string | 1>>();
});

// A type alias serves as well as an interface; no map means any type and unknown data.
forSync<{ a: number }>().on("a", (event) => expectType<Equal<typeof event.data, number>>());
const open = forSync();
open.on("any.thing", (event) => expectType<Equal<typeof event, BusEvent<unknown>>>());
open.on("**", (event) => expectType<Equal<typeof event.data, unknown>>());
open.emit("any.thing");
open.emit("any.thing", 1);
open.emit({ type: "any.thing" });
const event = { type: "any.thing", data: 1 };
open.topic("any.thing").dispatch(event);
on("any.thing", (event) => expectType<Equal<typeof event, BusEvent<unknown>>>());

// A pattern that is only known at run time gives any event of the map.
declare const pattern: string;
bus.on(pattern, (event) => expectType<Equal<typeof event.type, keyof Events>>());

// A handler gets a cursor where the compiler sees that it is to have one.
const threaded = forAsync<Events>({ handlers: new URL("file:///handlers.ts") });
threaded.on("order.*", (cursor) => expectType<Equal<typeof cursor, Cursor>>(), { zeroCopy: true });
threaded.on("**", ({ u8, offset }) => u8[offset], { zeroCopy: true, each: true });
threaded.on("order.paid", (cursor: Cursor) => cursor.length, { zeroCopy: true, once: true });
threaded.on("order.paid", (event) => {
  expectType<Equal<typeof event, TypedEvent<"order.paid", number>>>();
}, { zeroCopy: false, once: true });
declare const options: SubscribeOptions;
threaded.on("order.paid", (event) => {
  expectType<Equal<typeof event, TypedEvent<"order.paid", number>>>();
}, options);
// @ts-expect-error: a cursor is no event
threaded.on("order.paid", (event) => event.data, { zeroCopy: true });
// @ts-expect-error: no such option
threaded.on("order.paid", (cursor) => cursor.length, { zeroCopy: true, onse: true });

// The kinds of bus.
expectType<Equal<typeof bus, SyncBus<Events>>>();
const deferred: AsyncBus<Events> = forSync<Events>({ deferred: true });
void deferred.enqueue({ type: "order.paid", data: 1 });
// @ts-expect-error: a sync bus has no queue
void bus.enqueue;
// @ts-expect-error: an async bus has no emitAsync
void deferred.emitAsync;
// @ts-expect-error: a queue's option on a bus without one
forSync({ capacity: 8 });
// @ts-expect-error: threads are not part of this version
forAsync({ threads: 2 });

// Functions that take any bus take Bus<any>.
// deno-lint-ignore no-explicit-any
function takesAny(any: Bus<any>): void {
  any.on("whatever.*", (event) => event.data.anything);
  any.emit("whatever", 1);
}
takesAny(bus);
takesAny(deferred);
takesAny(open);
