/**
 * The thread that Comlink calls.
 *
 * @module
 */
import { expose } from "comlink";
import { ownPort } from "../../src/runtime/threads.ts";

const port = ownPort()!;
let sum = 0;
let seen = 0;

/** Adds up an event, and says how many that were. */
function take({ data }: { data: Uint8Array }): number {
  sum += data[0]!;
  return Number.isNaN(sum) ? -1 : ++seen;
}

port.listen((message) => {
  const { channel } = message as { channel: MessagePort };
  expose({ take }, channel);
  port.send("ready");
});
port.send("ready");
