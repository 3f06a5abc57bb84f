/**
 * The thread of the peers: says in shared memory that an event has come.
 *
 * @module
 */
import { ownPort } from "../../src/runtime/threads.ts";
import { type CarrierOrder, listenToCarrier } from "./peer_thread.ts";

const port = ownPort()!;
let words: Int32Array = new Int32Array(1);
const answer = () => void Atomics.store(words, 0, 1);

port.listen((message) => {
  const order = message as CarrierOrder & { memory?: SharedArrayBuffer };
  if (order.memory !== undefined) words = new Int32Array(order.memory);
  else if (listenToCarrier(order, answer)) port.send("ready");
  else answer();
});
port.send("ready");
