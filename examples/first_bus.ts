/**
 * The smallest program: subscribe, emit, unsubscribe.
 *
 * @module
 */

import { forSync } from "@beat/beat";

const bus = forSync();

const subscription = bus.on("greeting", (event) => console.log("Hello,", event.data));

bus.emit("greeting", "Ada");
bus.emit("greeting", "Grace");

// The handlers have run when `emit` returns, so this one comes too late for the subscription.
subscription.unsubscribe();
bus.emit("greeting", "nobody");

// A handler for one event only, and a promise of the next one.
bus.on("farewell", (event) => console.log("Goodbye,", event.data), { once: true });
const next = bus.once("farewell");

bus.emit("farewell", "Ada");
bus.emit("farewell", "Grace");
console.log("The promise holds", (await next).data);
