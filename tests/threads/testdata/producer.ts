// A thread that feeds a bus as it is told, and tells what came of it.
import { attach, type LaneHandle, type Producer } from "../../../src/engines/lanes.ts";
import { ownPort } from "../../../src/runtime/threads.ts";

/** What the thread is to do next. */
export interface Order {
  attach?: LaneHandle;
  how?:
    | "emit"
    | "emit bytes"
    | "emitBatch"
    | "enqueue"
    | "until closed"
    | "die in a batch"
    | "hang in a batch"
    | "leave"
    | "throw"
    | "reject"
    | "exit"
    | "close";
  /** Handlers of `item.…` want their data as `{ n }`. */
  type?: string;
  key?: string;
  count?: number;
}

/** What it says afterwards. */
export interface Told {
  /** How many events were accepted. */
  accepted: number;
  /** Name of the error that ended it. */
  error?: string;
}

const port = ownPort()!;
let producer: Producer | undefined;

port.listen(async (message) => {
  const order = message as Order;
  const told: Told = { accepted: 0 };
  try {
    if (order.attach !== undefined) producer = attach(order.attach);
    else await follow(order, told);
  } catch (error) {
    told.error = (error as Error).name;
  }
  port.send(told);
});
port.send("ready");

async function follow({ how, type = "a", key, count = 0 }: Order, told: Told): Promise<void> {
  const event = (n: number) => {
    const data = type.startsWith("item.") ? { n } : n;
    return { type, data, ...(key === undefined ? {} : { key }) };
  };
  if (how === "emit") {
    for (; told.accepted < count; told.accepted++) producer!.emit(event(told.accepted));
  }
  if (how === "emit bytes") {
    for (; told.accepted < count; told.accepted++) {
      const length = told.accepted % 100;
      producer!.emit(type, Uint8Array.from({ length }, (_, at) => length + at));
    }
  }
  if (how === "enqueue") {
    for (; told.accepted < count; told.accepted++) await producer!.enqueue(event(told.accepted));
  }
  if (how === "emitBatch") {
    producer!.emitBatch(Array.from({ length: count }, (_, data) => event(data)));
    told.accepted = count;
  }
  if (how === "until closed") { for (;; told.accepted++) producer!.emit(event(told.accepted)); }
  if (how === "die in a batch" || how === "hang in a batch") {
    const toJSON = () => {
      if (how === "die in a batch") process.exit(1);
      port.send(told);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
    const events = Array.from({ length: count }, (_, data) => event(data));
    producer!.emitBatch([...events, { type, data: { toJSON } }]);
  }
  if (how === "leave") producer!.close();
  if (how === "throw") {
    setTimeout(() => {
      throw new Error("outside all handlers");
    });
  }
  if (how === "reject") void Promise.reject(new Error("outside all handlers"));
  if (how === "exit") process.exit(0);
  if (how === "close") {
    const { close } = globalThis as { close?: () => void };
    if (close === undefined) port.close();
    else close();
  }
}
