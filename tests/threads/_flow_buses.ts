import { forFlow } from "../../mod.ts";
import type {
  BusEvent,
  FlowBus,
  FlowErrorContext,
  FlowThreadOptions,
  OpenEventMap,
} from "../../mod.ts";
import { fnv1a } from "../../src/engines/fnv1a.ts";
import { moduleOf, TRANSPORT } from "./_buses.ts";

/** A flow bus of tests: any type, any data. */
export type AnyFlowBus = FlowBus<OpenEventMap>;

/** For a `close` that no busy machine makes give up a thread. */
export const PATIENT = { timeout: 60_000 };

/** Runs a test with a flow bus of two threads that run a module of testdata/, and closes it. */
export async function withFlowBus(
  name: string,
  options: Partial<FlowThreadOptions>,
  test: (bus: AnyFlowBus) => Promise<void>,
): Promise<void> {
  const bus = forFlow({ handlers: moduleOf(name), threads: 2, batchTimeout: 5, ...options });
  try {
    await bus.ready;
    await test(bus);
  } finally {
    await bus.close();
  }
}

/** Emits an event where there may be no room yet. Who goes by messages cannot stand still for it. */
export async function send(bus: AnyFlowBus, event: BusEvent): Promise<void> {
  if (TRANSPORT === "messages") await bus.enqueue(event);
  else bus.emit(event);
}

/** A key whose events go to a thread of that many. */
export function keyOfThread(index: number, threads: number): string {
  for (let n = 0;; n++) if (fnv1a(`k${n}`) % threads === index) return `k${n}`;
}

/** A failure as `onError` hears it. */
export interface Failure {
  error: Error;
  context: FlowErrorContext;
}

/** Keeps failures, and waits for them. */
export class Failures {
  readonly all: Failure[] = [];
  #waiting: (() => void)[] = [];

  readonly onError = (error: unknown, context: FlowErrorContext): void => {
    this.all.push({ error: error as Error, context });
    for (const wake of this.#waiting.splice(0)) wake();
  };

  /** Waits until there are that many. */
  async reach(count: number): Promise<Failure[]> {
    while (this.all.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.all;
  }
}

/** What the module batches.ts tells of a thread. */
export interface Report {
  index: number;
  batches: number[][];
  most: number;
}

/** Asks threads of the module batches.ts what they have handled. */
export async function reports(bus: AnyFlowBus, threads = 2): Promise<Report[]> {
  const told: Report[] = [];
  // Handlers of batches come after those of `on`: a report of the same batch would come too early.
  await bus.flush();
  const subscription = bus.on("reported", ({ data }) => told.push(data as Report));
  await subscription.ready;
  for (let index = 0; index < threads; index++) {
    bus.emit({ type: "report", data: undefined, key: keyOfThread(index, threads) });
  }
  await bus.flush();
  // What they have emitted meanwhile.
  await bus.flush();
  subscription.unsubscribe();
  return told.sort((a, b) => a.index - b.index);
}
