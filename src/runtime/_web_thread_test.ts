import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { adoptWebThread } from "./_web_thread.ts";
import { isDeno } from "./runtime_name.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("a Web thread that has failed", () => {
  it("ends on Deno when all has come that it had posted before, and elsewhere by itself", async () => {
    const worker = Object.assign(new EventTarget(), { postMessage() {}, terminate() {} });
    const heard: unknown[] = [];
    adoptWebThread(worker as unknown as Worker, {
      onMessage: (data) => heard.push(data),
      onError: ({ message }) => heard.push(message),
      onEnd: () => heard.push("end"),
    });
    const say = (type: string, fields: object) =>
      worker.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), fields));
    say("message", { data: 0 });
    say("error", { message: "failed", error: undefined });
    for (const data of [1, 2, 3]) {
      say("message", { data });
      await turn();
    }
    for (let turns = 0; turns < 3; turns++) await turn();
    assertEquals(heard, [0, "failed", 1, 2, 3, ...(isDeno() ? ["end"] : [])]);
  });
});
