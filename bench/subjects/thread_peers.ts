/**
 * The thread of the peers: adds up what it is sent, and says how many events that were when it has
 * seen as many as it was told to wait for. With shared memory it answers pings instead.
 *
 * @module
 */
import { ownPort } from "../../src/runtime/threads.ts";
import { type CarrierOrder, listenToCarrier } from "./peer_thread.ts";

const port = ownPort()!;
let sum = 0;
let seen = 0;
let target = 0;

/** Adds up an event, or several, in any of the shapes. */
function take(message: unknown): void {
  const order = message as { target?: number };
  if (typeof order.target === "number") {
    target = order.target;
    seen = 0;
    return;
  }
  if (message instanceof ArrayBuffer) {
    const words = new Int32Array(message);
    for (const word of words) sum += word;
    seen += words.length / 16;
  } else if (Array.isArray(message)) {
    for (const one of message as { data: Uint8Array }[]) sum += one.data[0]!;
    seen += message.length;
  } else {
    sum += (message as { data: Uint8Array }).data[0]!;
    seen++;
  }
  if (seen >= target) port.send({ seen, sum });
}

port.listen((message) => {
  const order = message as CarrierOrder & { memory?: SharedArrayBuffer };
  if (order.memory !== undefined) return answerPings(new Int32Array(order.memory));
  if (listenToCarrier(order, take)) port.send("ready");
  else take(message);
});
port.send("ready");

/** Sends every odd number back as the next even one. */
function answerPings(cell: Int32Array): void {
  for (;;) {
    const ping = Atomics.load(cell, 0);
    if (ping < 0) return;
    if ((ping & 1) === 1) Atomics.store(cell, 0, ping + 1);
  }
}
