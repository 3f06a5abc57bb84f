import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { adoptNodeThread, type NodeWorker } from "./_node_thread.ts";
import { isDeno } from "./runtime_name.ts";

/** A thread of Node that ends when it is told to, and what one hears of it. */
function adopted() {
  const heard: unknown[] = [];
  const listeners = new Map<string, (value: never) => void>();
  const say = (name: string, value?: unknown) => listeners.get(name)!(value as never);
  const worker: NodeWorker = {
    on: (name, listener) => listeners.set(name, listener),
    postMessage() {},
    unref() {},
    terminate() {
      say("exit", 1);
      return Promise.resolve(1);
    },
  };
  const thread = adoptNodeThread(worker, {
    onMessage: (data) => heard.push(data),
    onError: (error) => heard.push(`${error}`),
    onEnd: () => heard.push("end"),
  });
  return { thread, heard, say };
}

describe("a thread of node:worker_threads", () => {
  it("that is ended by force is gone, but on Deno, where its event comes while it goes on", async () => {
    const { thread, heard } = adopted();
    assertEquals(await thread.terminate(), !isDeno());
    assertEquals(heard, isDeno() ? [] : ["end"]);
  });

  it("that ends by itself is gone everywhere", () => {
    const { heard, say } = adopted();
    say("message", 1);
    say("exit", 0);
    assertEquals(heard, [1, "end"]);
  });

  it("has failed with an error, whatever it has thrown", () => {
    const { heard, say } = adopted();
    for (const thrown of [new RangeError("a"), "b", { message: "c" }, undefined]) {
      say("error", thrown);
    }
    assertEquals(heard, ["RangeError: a", "Error: b", "Error: c", "Error: undefined"]);
  });
});
