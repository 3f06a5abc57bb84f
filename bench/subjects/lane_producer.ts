/**
 * A thread that sends events of 64 B to the one that has started it.
 *
 * @module
 */
import { attach, type Producer } from "../../src/engines/lanes.ts";
import { ownPort } from "../../src/runtime/threads.ts";
import type { LaneOrder } from "./lanes.ts";

/** Events in a batch, and in a packed buffer. */
const BATCH = 32;
const PACK = 100;
const BYTES = 64;

const port = ownPort()!;
const event = { type: "row" as const, data: new Uint8Array(BYTES).fill(1) };
const batch = new Array<typeof event>(BATCH).fill(event);
let producer: Producer<{ row: Uint8Array }>;
let how: LaneOrder["how"];

port.listen((message) => {
  const order = message as LaneOrder;
  if (order.count !== undefined) return send(order.count);
  how = order.how;
  if (order.handle !== undefined) producer = attach(order.handle);
  port.send("ready");
});
port.send("ready");

function send(count: number): void {
  if (how === "emit") { for (let i = 0; i < count; i++) producer.emit(event); }
  else if (how === "emitBatch") {
    for (let i = 0; i < count; i += BATCH) {
      producer.emitBatch(batch);
    }
  } else if (how === "postMessage") { for (let i = 0; i < count; i++) port.send(event); }
  else for (let i = 0; i < count; i += PACK) sendPacked();
}

function sendPacked(): void {
  const packed = new Uint8Array(PACK * BYTES);
  for (let at = 0; at < packed.length; at += BYTES) packed.set(event.data, at);
  port.send(packed.buffer, [packed.buffer]);
}
