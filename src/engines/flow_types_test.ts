/** Type tests: checked by the compiler, never run. */
import { createBus, forFlow, scenario } from "../../mod.ts";
import type { Bus, BusEvent, EventOf, FlowBus, FlowOptions, Stage } from "../../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function expectType<_T extends true>(): void {}

interface Events {
  "user.created": { name: string };
  "user.deleted": { id: number };
  ping: void;
}

// Stages see the union of all events, narrowed by their type, and return events of the map.
const bus = forFlow<Events>({
  stages: [
    (events) => {
      expectType<Equal<typeof events, EventOf<Events>[]>>();
      return events.filter((event) => event.type !== "user.created" || event.data.name !== "");
    },
    async (events) => {
      await events[0];
    },
    () => [{ type: "user.deleted", data: { id: 1 } }],
    // @ts-expect-error: no event of the map
    () => [{ type: "user.created", data: { id: 1 } }],
    // @ts-expect-error: no array
    () => 5,
  ],
  spread: ["ping"],
});
// @ts-expect-error: no type of the map
forFlow<Events>({ spread: ["pong"] });
// @ts-expect-error: threads need a module
forFlow({ threads: 2 });

// Handlers of batches get arrays of what handlers of events get.
bus.onBatch("user.*", (events) => {
  expectType<Equal<typeof events, EventOf<Events, "user.created" | "user.deleted">[]>>();
});
bus.onBatch("**", (events) => expectType<Equal<typeof events, EventOf<Events>[]>>());
// @ts-expect-error: matches nothing of the map
bus.onBatch("order.*", () => {});
void bus.enqueue({ type: "ping" });
// @ts-expect-error: a flow bus has no emitAsync
void bus.emitAsync;

// Options do not say what the map is: without one any type carries any data.
const open = forFlow({ spread: ["a"], stages: [(events) => events] });
expectType<Equal<typeof open, FlowBus<Record<string, unknown>>>>();
open.emit("any.thing", 1);
open.onBatch("a.*", ([event]) => expectType<Equal<typeof event, BusEvent<unknown>>>());

// All doors lead to the same bus.
const options: FlowOptions<Events> & { stages: Stage<EventOf<Events>>[] } = { stages: [] };
expectType<Equal<ReturnType<typeof forFlow<Events>>, FlowBus<Events>>>();
const created: FlowBus<Events> = createBus<Events>(options);
const named: FlowBus<Events> = scenario<Events>("flow");
// deno-lint-ignore no-explicit-any
const all: Bus<any>[] = [bus, open, created, named];
void all;
