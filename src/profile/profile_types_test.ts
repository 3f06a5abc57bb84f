/** Type tests: checked by the compiler, never run. */
import { advise, option, PRESETS, scenario } from "../../mod.ts";
import type {
  AsyncBus,
  Bus,
  BusEvent,
  FlowBus,
  Profile,
  ProfileName,
  ScenarioName,
  Subscription,
  SyncBus,
} from "../../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

function expectType<_T extends true>(): void {}

interface Events {
  "order.paid": number;
  ping: void;
}

type Open = Record<string, unknown>;

const handlers = new URL("file:///handlers.ts");

// The name says which bus it is.
const sync = option<Events>({ name: "sync", tps: 5 });
expectType<Equal<typeof sync, SyncBus<Events>>>();
void sync.emitAsync("order.paid", 1);
const queue = option<Events>({ name: "async", handlers, cores: 2 });
expectType<Equal<typeof queue, AsyncBus<Events>>>();
void queue.enqueue({ type: "order.paid", data: 1 });
const flow = option<Events>({ name: "flow", stages: [(events) => events.slice(1)] });
expectType<Equal<typeof flow, FlowBus<Events>>>();
flow.onBatch("order.*", (events) => events[0].data.toFixed());
// @ts-expect-error: a sync bus has no queue
void sync.enqueue;
// @ts-expect-error: an async bus has no emitAsync
void queue.emitAsync;
// @ts-expect-error: a flow bus knows no last error
void flow.lastError;
const open = option({ name: "sync" });
expectType<Equal<typeof open, SyncBus<Open>>>();

// "auto" does where there are stages or handlers; else only the advisor knows.
const staged = option({ name: "auto", stages: [(events) => events.filter(({ key }) => key)] });
expectType<Equal<typeof staged, FlowBus<Open>>>();
const threaded = option({ name: "auto", handlers });
expectType<Equal<typeof threaded, AsyncBus<Open>>>();
const advised = option<Events>({ name: "auto", tps: 80_000 });
expectType<Equal<typeof advised, Bus<Events>>>();
declare const name: ProfileName;
const named = option({ name });
expectType<Equal<typeof named, Bus<Open>>>();
declare const profile: Profile;
const given = option<Events>(profile);
expectType<Equal<typeof given, Bus<Events>>>();
// @ts-expect-error: no such name
option({ name: "asnyc" });
// @ts-expect-error: no such field
option({ name: "sync", tsp: 5 });
// @ts-expect-error: no such field
advise({ name: "sync", tsp: 5 });

// Presets keep their names, copies of them too.
const preset = option(PRESETS.sync);
expectType<Equal<typeof preset, SyncBus<Open>>>();
const copied = option<Events>({ ...PRESETS.flow, batchTimeout: 5 });
expectType<Equal<typeof copied, FlowBus<Events>>>();
expectType<Equal<typeof PRESETS.async.name, "async">>();
const presets: Readonly<Record<ScenarioName, Readonly<Profile>>> = PRESETS;
void presets;
// @ts-expect-error: presets cannot be changed
PRESETS.sync.tps = 5;

// Scenarios by the same names.
expectType<Equal<ReturnType<typeof scenario<Events>>, Bus<Events>>>();
const first = scenario<Events>("sync");
expectType<Equal<typeof first, SyncBus<Events>>>();
const second = scenario("async");
expectType<Equal<typeof second, AsyncBus<Open>>>();
declare const scenarioName: ScenarioName;
const third = scenario(scenarioName);
expectType<Equal<typeof third, Bus<Open>>>();

// A hook is told what a bus of the kind has to tell: not every failure of a flow bus is of one event.
option({ name: "async" }, {
  onError: (_error, { event, subscription }) => {
    expectType<Equal<typeof event, BusEvent>>();
    expectType<Equal<typeof subscription, Subscription>>();
  },
});
scenario("sync", { onError: (_error, { event }) => event.type });
scenario("flow", { onError: (_error, { event, stage }) => [event?.type, stage] });
// @ts-expect-error: a stage has failed with many events, or none
scenario("flow", { onError: (_error, { event }) => event.type });
// @ts-expect-error: it may be a flow bus
option({ name }, { onError: (_error, { event }) => event.type });
// @ts-expect-error: a profile has no queue, only `forAsync` takes its options
option({ name: "async" }, { capacity: 8 });
