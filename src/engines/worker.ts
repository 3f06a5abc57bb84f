/**
 * The side of a bus that runs in its threads: a module that a bus names in `handlers` calls
 * {@linkcode serve}, once and without awaiting anything before.
 *
 * ```ts ignore
 * import { serve } from "@beat/beat/worker";
 *
 * serve<{ "image.added": Uint8Array }>((bus, { index }) => {
 *   bus.on("image.added", (event) => console.log(index, event.data.length));
 * });
 * ```
 *
 * @module
 */

import { EventBus } from "../core/event_bus.ts";
import { Registration } from "../core/registration.ts";
import { joinMesh } from "./mesh.ts";
import { HomeLink } from "./home_link.ts";
import { type Copy, isParcel } from "./post_office.ts";
import { ownPort } from "../runtime/threads.ts";
import { atThreadEnd, failAtEnd, onExit } from "../runtime/exit_hook.ts";
import { FLAG_NOTE } from "../ring/frame.ts";
import { type ErrorReport, type Note, reportError } from "./notes.ts";
import { SHORT } from "./send_failure.ts";
import { HOME } from "./mesh.ts";
import { endModule, served, type ThreadInfo } from "./served.ts";
import { WorkerEngine } from "./worker_engine.ts";
import { check, checkOptions, FUNCTION } from "../options/options.ts";
import { CODEC_RULE } from "./thread_options.ts";
import type { AsyncBus, BusCapabilities, EnqueueOptions } from "../core/contracts.ts";
import type { FlowBus } from "../core/flow_contracts.ts";
import type { AnyEvent, BusEvent, OpenEventMap } from "../core/event.ts";
import type { ValueCodec } from "../core/value_codec.ts";
import type { Outbox } from "./outbox.ts";
import type { Stage } from "./flow_options.ts";
import type { WorkerOptions } from "./worker_options.ts";

/**
 * The bus as one of its threads has it. What it emits goes wherever it would go from anywhere else.
 *
 * @typeParam M The event map.
 */
export type WorkerBus<M extends object> =
  & Pick<
    AsyncBus<M>,
    | "on"
    | "once"
    | "off"
    | "emit"
    | "unsafeEmit"
    | "emitBatch"
    | "enqueue"
    | "topic"
    | "events"
    | "prewarm"
    | "asEventTarget"
    | "closed"
    | "capabilities"
  >
  & FlowWorkerBus<M>;

/**
 * What the bus of a thread has where `forFlow` has started it; on another bus these are refused.
 *
 * @typeParam M The event map.
 */
export interface FlowWorkerBus<M extends object> extends Pick<FlowBus<M>, "onBatch"> {
  /**
   * Names what every batch of this thread goes through before its handlers are called, in this
   * order. Each thread names the same; it is called once, before the callback of `serve` is through.
   *
   * @throws {TypeError} If they are no array of functions, or are named already, or the thread serves
   *   already, or the bus is no flow bus.
   */
  stages(stages: readonly Stage<AnyEvent<M>>[]): void;
}

export type { ThreadInfo };

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  /** The same as the bus was given. */
  valueCodec?: ValueCodec;
}

/** What a module subscribes; it may return what to do when the thread ends. */
export type Serve<M extends object> = (
  bus: WorkerBus<M>,
  info: ThreadInfo,
) => void | (() => unknown) | Promise<void | (() => unknown)>;

interface Start {
  beat: "start";
  /** Where threads share memory. */
  memory?: SharedArrayBuffer;
  /** Where they do not. */
  copy?: Copy;
  node: number;
  hasCodec: boolean;
  options: Omit<WorkerOptions, "valueCodec">;
}

/** Whether this thread has called `serve`: a second call would take the messages of the first. */
let isServing = false;

/**
 * Subscribes the handlers of one thread. Events wait until what `callback` returns has resolved.
 *
 * @typeParam M The event map of the bus.
 * @param callback Subscribes, and may return a function that is called when the thread ends.
 * @param options What must be as in the options of the bus.
 * @throws {TypeError} If `callback` is no function, or an option is unknown or of a wrong type, or
 *   the thread serves already.
 *
 * @example Handlers of a thread
 * ```ts ignore
 * import { serve } from "@beat/beat/worker";
 *
 * serve<{ "order.paid": { id: string } }>((bus, { index, threads }) => {
 *   console.log(`Thread ${index} of ${threads}`);
 *   bus.on("order.*", (event) => console.log(event.data.id));
 *   return () => console.log("The bus has closed");
 * });
 * ```
 */
export function serve<M extends object = OpenEventMap>(
  callback: Serve<M>,
  options: ServeOptions = {},
): void {
  check("serve", "callback", callback, FUNCTION);
  checkOptions("serve", options, { valueCodec: CODEC_RULE });
  const port = ownPort();
  if (port === undefined) {
    // Nobody has started this thread: where there are no threads, the bus comes here.
    served.push({ callback, valueCodec: options.valueCodec });
    return;
  }
  if (isServing) throw new TypeError("Cannot serve as the thread serves already");
  isServing = true;
  const reason = "The thread has ended before it was told to serve";
  const mayEnd = failAtEnd(new Error(reason));
  let isStarted = false;
  let link: HomeLink | undefined;
  port.listen((message) => {
    if (isParcel(message)) return link?.receive(message.beat);
    const start = message as Start | null;
    if (start?.beat !== "start" || isStarted) return;
    isStarted = true;
    const { copy, node, options: { flow } } = start;
    if (copy) link = new HomeLink(copy, node, port, flow !== undefined);
    // From here on it says so itself.
    mayEnd();
    void run(start, link, callback as Serve<OpenEventMap>, options, () => port.close());
  });
  // What was sent before this thread listened may be lost.
  port.send("beat");
}

async function run(
  { memory, node, hasCodec, options }: Start,
  link: HomeLink | undefined,
  callback: Serve<OpenEventMap>,
  { valueCodec }: ServeOptions,
  close: () => void,
): Promise<void> {
  const mesh = link?.mesh ?? joinMesh(memory!, node);
  const engine = new WorkerEngine(mesh, { ...options, valueCodec });
  const { threads } = mesh.layout;
  const bus = createWorkerBus(engine, threads, link ? "messages" : "shared-memory");
  const answer = () => {
    engine.answer();
    link?.end();
  };
  onExit({
    fault: (error) => tellFault(engine.outbox, reportError(error)),
    exit: answer,
  });
  if (link) {
    link.isInHandler = () => engine.isInHandler();
    if (engine.flow) engine.flow.onBegin = () => link.flush();
    // Where the thread needs not answer, it still has to tell what it has done.
    atThreadEnd(() => link.end());
  }
  let cleanUp: Awaited<ReturnType<typeof callback>>;
  try {
    if (hasCodec !== (valueCodec !== undefined)) {
      throw new TypeError("Cannot serve as 'valueCodec' must be given to the bus and to 'serve'");
    }
    engine.notes.greet();
    engine.listen();
    cleanUp = await callback(bus, { index: node - 1, threads });
  } catch (error) {
    // By itself: a rejection ends no thread whose module listens to rejections.
    tellFault(engine.outbox, reportError(error));
    answer();
    return close();
  }
  engine.flow?.serve();
  engine.notes.serve();
  engine.start(async () => {
    await engine.settled();
    await endModule(cleanUp);
    answer();
    close();
  });
}

/** Tells home what nobody has caught: whole, or shortened, or not at all, as there is room. */
function tellFault(outbox: Outbox, report: ErrorReport): void {
  const { name, message } = report;
  for (const fault of [report, { name, message: message.slice(0, SHORT) }]) {
    const note: Note = ["fault", fault];
    if (outbox.sendTo(HOME, { type: "note", data: note }, FLAG_NOTE)) return;
  }
}

function createWorkerBus(
  engine: WorkerEngine,
  threads: number,
  transport: BusCapabilities["transport"],
): WorkerBus<OpenEventMap> {
  const { flow } = engine;
  const face = new EventBus(engine.core, { engine: flow ? "flow" : "async", threads, transport });
  const emitBatch = face.emitBatch.bind(face);
  const methods = flow?.context.batchHandlers.methods(face) ?? { onBatch: refuseBatches };
  return Object.assign(face, methods, {
    stages(stages: readonly Stage[]) {
      if (flow === undefined) return refuseBatches();
      flow.nameStages(stages);
      if (stages.length > 0) engine.notes.add(createWish());
    },
    emitBatch: (events: readonly BusEvent[]) => engine.outbox.batch(() => emitBatch(events)),
    enqueue: (event: BusEvent, options?: EnqueueOptions) => engine.queue.enqueue(event, options),
    // One thread has no books of its own, and would let events go that others handle in its place.
    stats: () => refuseWhole("count the deliveries of the bus"),
    drain: () => refuseWhole("drain the bus"),
    close: () => refuseWhole("close the bus"),
  }) as unknown as WorkerBus<OpenEventMap>;
}

/** What stands for a subscription of everything: all events go through the stages. */
function createWish(): Registration {
  return new Registration({ remove: () => false }, "**", -1, () => {});
}

/** Refuses what only concerns the bus as a whole, for modules whose types nobody checks. */
function refuseWhole(action: string): never {
  const reason = "only the thread that has made it can";
  throw new TypeError(`Cannot ${action} in one of its threads as ${reason}`);
}

function refuseBatches(): never {
  throw new TypeError("Cannot take batches as the bus is no flow bus: 'forFlow' makes one");
}
