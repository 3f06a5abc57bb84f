/**
 * A thread that loads what a thread of a bus loads, and says so.
 *
 * @module
 */
import "../../src/engines/worker.ts";
import { ownPort } from "../../src/runtime/threads.ts";

const port = ownPort()!;
port.listen(() => {});
port.send("ready");
