/**
 * The bus as an `EventTarget`, for code that knows only what the platform has: `CustomEvent`s carry
 * the data as `detail`.
 *
 * @module
 */

import { forSync } from "@beat/beat";

const bus = forSync<{ "user.login": { name: string }; "user.logout": { name: string } }>();
const target = bus.asEventTarget();

target.addEventListener("user.login", (event) => console.log("login", event.detail.name));
target.addEventListener("user.logout", (event) => console.log("logout", event.detail.name), {
  once: true,
});

bus.emit("user.login", { name: "Ada" });
bus.emit("user.logout", { name: "Ada" });
bus.emit("user.logout", { name: "Grace" });

// One way only: what is dispatched on the target reaches its listeners, and not the bus.
bus.on("user.*", () => console.log("the bus has heard it"));
target.dispatchEvent(new CustomEvent("user.login", { detail: { name: "Grace" } }));
